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
  description = "Object Lock: mode, and days during which a version in the ingestion bucket cannot be deleted (0 for none). The days of the processed bucket must be 0"
  type = object({
    mode           = string
    days           = number
    processed_days = optional(number, 0)
  })

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.retention.mode)
    error_message = "The mode must be GOVERNANCE or COMPLIANCE."
  }

  validation {
    condition     = var.retention.processed_days == 0
    error_message = "processed_days must be 0. A bucket with a default retention takes only uploads with a checksum. S3A 3.4.1, the S3 client of Glue 5.1, sends none; with fs.s3a.checksum.validation it does, and S3 then refuses its multipart uploads. To fix: remove processed_days. The policies of the bucket deny deletes in any case."
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
