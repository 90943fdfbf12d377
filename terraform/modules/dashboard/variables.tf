variable "name" {
  description = "Prefix of all names, such as totesys-dev, and name of the dashboard"
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

variable "function_name" {
  description = "Name of the Lambda function that polls"
  type        = string
}

variable "queue_name" {
  description = "Name of the dead-letter queue of the function"
  type        = string
}

variable "job_log_groups" {
  description = "Names of the log groups with the output of the Glue jobs of the workflow"
  type        = list(string)
}

variable "bucket_names" {
  description = "Names of the buckets whose size is shown"
  type        = list(string)
}

variable "alarm_names" {
  description = "Names of the alarms whose state is shown"
  type        = list(string)
}

variable "memory_mb" {
  description = "Memory of the function in MB, to compute the billed GB-seconds"
  type        = number
}

variable "workers" {
  description = "Number of workers of a job"
  type        = number
}

variable "worker_type" {
  description = "Type of a worker, to compute the billed DPU hours"
  type        = string
  default     = "G.1X"

  validation {
    condition     = can(regex("^G\\.[1248]X$", var.worker_type))
    error_message = "The worker type must be G.1X, G.2X, G.4X or G.8X."
  }
}

variable "rate_minutes" {
  description = "Minutes between polls, and period of the metrics of polls"
  type        = number
  default     = 5

  validation {
    condition     = var.rate_minutes >= 1 && floor(var.rate_minutes) == var.rate_minutes
    error_message = "The rate must be a whole number of minutes."
  }
}

variable "freshness_seconds" {
  description = "Threshold of the alarm freshness in seconds"
  type        = number
  default     = 1200
}
