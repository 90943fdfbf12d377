variable "name" {
  description = "Prefix of all names, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the secrets"
  type        = string
}

variable "recovery_days" {
  description = "Days during which a deleted secret can be restored, and its name is not available; 0 deletes immediately"
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_days == 0 || (var.recovery_days >= 7 && var.recovery_days <= 30)
    error_message = "Secrets Manager retains a deleted secret for 7 to 30 days, or 0."
  }
}
