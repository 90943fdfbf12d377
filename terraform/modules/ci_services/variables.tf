variable "prefix" {
  description = "Prefix of all names of the deployment, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.prefix))
    error_message = "The prefix must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}
