variable "name" {
  description = "Name of the schedule, and prefix of its role's name"
  type        = string
}

variable "description" {
  description = "What the function does at each invocation"
  type        = string
}

variable "rate_minutes" {
  description = "Minutes from one invocation to the next"
  type        = number

  validation {
    condition     = var.rate_minutes >= 1 && var.rate_minutes <= 360 && floor(var.rate_minutes) == var.rate_minutes
    error_message = "The rate must be a whole number of minutes, 360 at most: Lambda keeps an event for six hours."
  }
}

variable "paused" {
  description = "Whether nothing is invoked until further notice"
  type        = bool
  default     = false
}

variable "function_arn" {
  description = "Function to invoke"
  type        = string
}

variable "queue_arn" {
  description = "Dead-letter queue of invocations that did not reach the function"
  type        = string
}

variable "key_arn" {
  description = "KMS key of the queue"
  type        = string
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the role; null for none"
  type        = string
  default     = null
}
