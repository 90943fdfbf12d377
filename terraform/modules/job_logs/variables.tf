variable "name" {
  description = "Name of the security configuration, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "role_names" {
  description = "Names of the roles by kind of job: build, load, migrate"
  type        = map(string)
}

variable "key_arn" {
  description = "ARN of the KMS key of the lake, the secrets and the logs"
  type        = string
}

variable "log_retention_days" {
  description = "Days for which the logs are retained"
  type        = number
  default     = 90
}
