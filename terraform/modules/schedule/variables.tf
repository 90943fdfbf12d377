variable "name" {
  description = "Name of the schedule, and prefix of the name of its role"
  type        = string
}

variable "description" {
  description = "Description of the schedule"
  type        = string
}

variable "rate_minutes" {
  description = "Minutes between invocations"
  type        = number

  validation {
    condition     = var.rate_minutes >= 1 && var.rate_minutes <= 360 && floor(var.rate_minutes) == var.rate_minutes
    error_message = "The rate must be an integer of at most 360 minutes: Lambda retains an event for six hours."
  }
}

variable "paused" {
  description = "Whether the schedule is disabled"
  type        = bool
  default     = false
}

variable "function_arn" {
  description = "Function to invoke"
  type        = string
}

variable "queue_arn" {
  description = "Dead-letter queue of invocations that failed to reach the function"
  type        = string
}

variable "key_arn" {
  description = "ARN of the KMS key of the queue"
  type        = string
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of the role; null for none"
  type        = string
  default     = null
}
