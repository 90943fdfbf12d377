variable "name" {
  description = "Prefix of every name, such as totesys-dev; topics and log groups with it may use the key"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "deletion_days" {
  description = "Days in which the deletion of the key can be cancelled; all data is lost with it"
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_days >= 7 && var.deletion_days <= 30
    error_message = "KMS keeps a deleted key for 7 to 30 days."
  }
}
