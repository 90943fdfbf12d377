variable "name" {
  description = "Prefix of every name, such as totesys"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "key_arn" {
  description = "KMS key that encrypts the state"
  type        = string
}

variable "version_days" {
  description = "Days that older versions of a state are kept"
  type        = number
  default     = 365

  validation {
    condition     = var.version_days >= 1
    error_message = "A version is kept for a day at least."
  }
}

variable "log_days" {
  description = "Days that access logs are kept"
  type        = number
  default     = 365

  validation {
    condition     = var.log_days >= 1
    error_message = "A log is kept for a day at least."
  }
}
