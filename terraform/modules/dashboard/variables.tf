variable "name" {
  description = "Prefix of every name, such as totesys-dev; the dashboard has it too"
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

variable "function_name" {
  description = "Name of the Lambda function that polls"
  type        = string
}

variable "queue_name" {
  description = "Name of its dead-letter queue"
  type        = string
}

variable "job_names" {
  description = "Names of the Glue jobs of the workflow"
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
  description = "Memory of the function: with its duration it makes the GB-seconds that are paid for"
  type        = number
}

variable "workers" {
  description = "Workers of a job"
  type        = number
}

variable "worker_type" {
  description = "Size of a worker, which says how many DPU it has: those are paid for"
  type        = string
  default     = "G.1X"

  validation {
    condition     = can(regex("^G\\.[1248]X$", var.worker_type))
    error_message = "The dashboard knows G.1X, G.2X, G.4X and G.8X."
  }
}

variable "rate_minutes" {
  description = "Minutes from one poll to the next: the grain of what polls tell"
  type        = number
  default     = 5

  validation {
    condition     = var.rate_minutes >= 1 && floor(var.rate_minutes) == var.rate_minutes
    error_message = "The rate must be a whole number of minutes."
  }
}

variable "freshness_seconds" {
  description = "Where the alarm on freshness stands"
  type        = number
  default     = 1200
}
