variable "name" {
  description = "Prefix of all names, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "source_name" {
  description = "Name of the source in the contracts, and value of the dimension \"source\" of the metrics"
  type        = string
}

variable "emails" {
  description = "Addresses that receive every alarm. Each address must confirm its subscription once"
  type        = list(string)

  validation {
    condition     = length(var.emails) > 0
    error_message = "At least one address is required."
  }

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "Every element must be an email address, such as data@example.com."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the topic and the log of failed jobs. Its policy must allow CloudWatch to use it"
  type        = string
}

variable "runbook_url" {
  description = "URL of the folder docs/runbook. Each alarm links to <runbook_url>/<alarm>.md"
  type        = string

  validation {
    condition     = can(regex("^https://\\S+[^/]$", var.runbook_url))
    error_message = "The URL must start with https:// and must not end with a slash."
  }
}

variable "function_name" {
  description = "Name of the Lambda function that polls"
  type        = string
}

variable "queue_name" {
  description = "Name of the dead-letter queue of the function"
  type        = string
}

variable "job_names" {
  description = "Names of the Glue jobs to watch"
  type        = list(string)

  validation {
    condition     = length(var.job_names) > 0
    error_message = "At least one job is required: an empty list matches every job of the account."
  }
}

variable "rate_minutes" {
  description = "Minutes between polls"
  type        = number
  default     = 5

  validation {
    condition     = var.rate_minutes >= 1 && floor(var.rate_minutes) == var.rate_minutes
    error_message = "The rate must be a whole number of minutes."
  }
}

variable "paused" {
  description = "Whether the schedule is paused, so that alarms on missing polls send no mail"
  type        = bool
  default     = false
}

variable "period_seconds" {
  description = "Seconds of one data point. An alarm fires in the period after its cause"
  type        = number
  default     = 60

  validation {
    condition     = contains([60, 120, 180, 300], var.period_seconds)
    error_message = "The period must be 60, 120, 180 or 300 seconds."
  }
}

variable "patience_polls" {
  description = "Number of missing polls that raises the alarm silence, and of successful polls that ends an alarm"
  type        = number
  default     = 3

  validation {
    condition     = var.patience_polls >= 2 && floor(var.patience_polls) == var.patience_polls
    error_message = "The patience must be at least 2 polls: one skipped poll must not raise an alarm."
  }
}

variable "freshness_seconds" {
  description = "Age in seconds of the oldest change that is missing from the warehouse at which the alarm freshness fires"
  type        = number
  default     = 1200

  validation {
    condition     = var.freshness_seconds >= 1 && var.freshness_seconds < 1800
    error_message = "The threshold must be below 1800 seconds, within which a change must be visible."
  }
}

variable "horizon_age_seconds" {
  description = "Age in seconds of the oldest open transaction in the source at which the alarm horizon-age fires"
  type        = number
  default     = 3600

  validation {
    condition     = var.horizon_age_seconds >= 1
    error_message = "The age must be at least one second."
  }
}

variable "publishing_seconds" {
  description = "Seconds for which the published tables may lag behind the warehouse before the alarm publishing fires"
  type        = number
  default     = 1800

  validation {
    condition     = var.publishing_seconds >= 1
    error_message = "The lag must be at least one second."
  }
}

variable "captures_log" {
  description = "Whether polls read the source's log, whose gaps have an alarm only then"
  type        = bool
  default     = false
}

variable "retained_wal_bytes" {
  description = "Bytes of WAL that the source retains for replication slots of the lake at which the alarm retained-wal fires"
  type        = number
  default     = 2147483648

  validation {
    condition     = var.retained_wal_bytes >= 1
    error_message = "The size must be at least one byte."
  }
}

variable "log_retention_days" {
  description = "Days for which the events of failed jobs are retained"
  type        = number
  default     = 90
}
