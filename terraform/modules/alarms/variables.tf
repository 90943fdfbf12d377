variable "name" {
  description = "Prefix of every name, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "source_name" {
  description = "Name of the source in the contracts: the dimension \"source\" of the metrics"
  type        = string
}

variable "emails" {
  description = "Addresses that get every alarm; each has to confirm its subscription once"
  type        = list(string)

  validation {
    condition     = length(var.emails) > 0
    error_message = "At least one address must get the alarms."
  }

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "Each of the emails must be an address, such as data@example.com."
  }
}

variable "key_arn" {
  description = "KMS key that encrypts the topic and the log of failed jobs; CloudWatch must be allowed to use it"
  type        = string
}

variable "runbook_url" {
  description = "Where the pages of docs/runbook are read; each alarm links to <runbook_url>/<alarm>.md"
  type        = string

  validation {
    condition     = can(regex("^https://\\S+[^/]$", var.runbook_url))
    error_message = "The runbook's URL must begin with https:// and not end with a slash."
  }
}

variable "function_name" {
  description = "Name of the Lambda function that polls"
  type        = string
}

variable "queue_name" {
  description = "Name of its dead-letter queue"
  type        = string
}

variable "job_names" {
  description = "Names of the Glue jobs whose failures count"
  type        = list(string)

  validation {
    condition     = length(var.job_names) > 0
    error_message = "There must be a job to watch: an empty list would match every job of the account."
  }
}

variable "rate_minutes" {
  description = "Minutes from one poll to the next"
  type        = number
  default     = 5

  validation {
    condition     = var.rate_minutes >= 1 && floor(var.rate_minutes) == var.rate_minutes
    error_message = "The rate must be a whole number of minutes."
  }
}

variable "paused" {
  description = "Whether the schedule rests on purpose, so that nobody hears of missing polls"
  type        = bool
  default     = false
}

variable "period_seconds" {
  description = "Seconds of one data point; an alarm goes off in the period after its cause"
  type        = number
  default     = 60

  validation {
    condition     = contains([60, 120, 180, 300], var.period_seconds)
    error_message = "The period must be 60, 120, 180 or 300 seconds."
  }
}

variable "patience_polls" {
  description = "Polls that may be missing before silence alarms, and that must go well before an alarm ends"
  type        = number
  default     = 3

  validation {
    condition     = var.patience_polls >= 2 && floor(var.patience_polls) == var.patience_polls
    error_message = "The patience must be 2 polls or more: one skipped poll is no alarm."
  }
}

variable "freshness_seconds" {
  description = "Age of the oldest change that is not in the warehouse, above which freshness alarms"
  type        = number
  default     = 1200

  validation {
    condition     = var.freshness_seconds >= 1 && var.freshness_seconds < 1800
    error_message = "The alarm must come before the 1800 seconds within which a change must be visible."
  }
}

variable "horizon_age_seconds" {
  description = "Seconds for which a transaction may run in the source before horizon-age alarms"
  type        = number
  default     = 3600

  validation {
    condition     = var.horizon_age_seconds >= 1
    error_message = "The age must be a second or more."
  }
}

variable "log_retention_days" {
  description = "Days for which the events of failed jobs are kept"
  type        = number
  default     = 90
}
