variable "name" {
  description = "Prefix of all names, such as totesys"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the states"
  type        = string
}

variable "version_days" {
  description = "Days for which previous versions of a state are retained"
  type        = number
  default     = 365

  validation {
    condition     = var.version_days >= 1
    error_message = "A version must be retained for at least one day."
  }
}

variable "log_days" {
  description = "Days for which access logs are retained"
  type        = number
  default     = 365

  validation {
    condition     = var.log_days >= 1
    error_message = "A log must be retained for at least one day."
  }
}
