variable "name" {
  description = "Prefix of every name, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "key_arn" {
  description = "KMS key that encrypts the secrets"
  type        = string
}

variable "recovery_days" {
  description = "Days in which a deleted secret can be restored; its name is taken until then. 0 deletes at once"
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_days == 0 || (var.recovery_days >= 7 && var.recovery_days <= 30)
    error_message = "Secrets Manager keeps a deleted secret for 7 to 30 days, or for none."
  }
}
