variable "name" {
  description = "Prefix of all names, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "account_id" {
  description = "Account of the buckets; its id makes their names globally unique"
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "The id of an account must be 12 digits."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the lake"
  type        = string
}

variable "log_bucket" {
  description = "Name of the bucket for access logs; null for no logs"
  type        = string
  default     = null
}

variable "retention" {
  description = "Object Lock: mode, days during which a version cannot be deleted (0 for none), and a different number of days for the processed bucket. With a retention, S3 requires a checksum in each put, which Spark sends only if fs.s3a.checksum.validation is true"
  type = object({
    mode           = string
    days           = number
    processed_days = optional(number)
  })

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.retention.mode)
    error_message = "The mode must be GOVERNANCE or COMPLIANCE."
  }
}

variable "mirror_days" {
  description = "Days after which superseded objects of the mirror expire"
  type        = number
  default     = 30

  validation {
    condition     = var.mirror_days >= 1
    error_message = "A superseded object must be retained for at least one day."
  }
}

variable "attempt_days" {
  description = "Days after which the recorded attempts of polls and jobs expire, as KEPT in lake/attempts.py"
  type        = number
  default     = 35
}

variable "noncurrent_days" {
  description = "Days until an expired object or a deleted temporary file of Spark is permanently deleted"
  type        = number
  default     = 30
}

variable "force_destroy" {
  description = "Whether the destruction of the buckets deletes their objects"
  type        = bool
  default     = false
}
