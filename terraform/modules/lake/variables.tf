variable "name" {
  description = "Prefix of every name, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "account_id" {
  description = "Account that owns the buckets, which makes their names unique in the world"
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account's id is 12 digits."
  }
}

variable "key_arn" {
  description = "KMS key that encrypts the lake"
  type        = string
}

variable "log_bucket" {
  description = "Name of the bucket that takes the access logs; null to keep none"
  type        = string
  default     = null
}

variable "retention" {
  description = "Object Lock: its mode, the days that no version can be deleted, and those of processed if they differ; 0 for none. S3 then demands a checksum with each put, which Spark sends only if fs.s3a.create.checksum.algorithm is set"
  type = object({
    mode           = string
    days           = number
    processed_days = optional(number)
  })

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.retention.mode)
    error_message = "The mode is GOVERNANCE or COMPLIANCE."
  }
}

variable "mirror_days" {
  description = "Days after their creation that superseded objects of the mirror expire"
  type        = number
  default     = 30

  validation {
    condition     = var.mirror_days >= 1
    error_message = "A superseded object is kept for a day at least."
  }
}

variable "noncurrent_days" {
  description = "Days until an expired object, or a deleted piece of Spark's scratch, is gone for good"
  type        = number
  default     = 30
}

variable "force_destroy" {
  description = "Whether destroying the buckets destroys the lake in them"
  type        = bool
  default     = false
}
