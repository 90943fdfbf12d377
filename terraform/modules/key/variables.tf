variable "name" {
  description = "Prefix of all names, such as totesys-dev. Topics and log groups with the prefix may use the key"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "deletion_days" {
  description = "Days during which the deletion of the key can be cancelled. All data is lost with the key"
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_days >= 7 && var.deletion_days <= 30
    error_message = "KMS retains a deleted key for 7 to 30 days."
  }
}
