variable "name" {
  description = "Globally unique name of the bucket"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "The name must be 3 to 63 lowercase letters, digits and hyphens, and must not start or end with a hyphen."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the objects; null for SSE-S3, which a bucket for access logs requires"
  type        = string
  default     = null
}

variable "log_bucket" {
  description = "Name of the bucket for access logs; null for no logs"
  type        = string
  default     = null
}

variable "access_logs_from" {
  description = "Account whose buckets may deliver access logs to this bucket; null for none"
  type        = string
  default     = null

  validation {
    condition     = var.access_logs_from == null || (var.key_arn == null && var.object_lock == null)
    error_message = "S3 delivers access logs only to a bucket without a KMS key and without Object Lock."
  }
}

variable "object_lock" {
  description = "Object Lock: mode and default retention in days (0 for none); null for no lock. Only a new bucket can enable Object Lock"
  type = object({
    mode = string
    days = number
  })
  default = null

  validation {
    condition     = try(contains(["GOVERNANCE", "COMPLIANCE"], var.object_lock.mode), true)
    error_message = "The mode must be GOVERNANCE or COMPLIANCE."
  }

  validation {
    condition     = try(var.object_lock.days >= 0 && floor(var.object_lock.days) == var.object_lock.days, true)
    error_message = "The days of retention must be an integer of at least 0."
  }
}

variable "policies" {
  description = "Policy documents, as JSON, that are merged with the statements of the module"
  type        = list(string)
  default     = []
}

variable "noncurrent_days" {
  description = "Days until an overwritten or deleted version is permanently deleted"
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days >= 1
    error_message = "A version must be retained for at least one day."
  }
}

variable "expire" {
  description = "Days after which current objects expire, by key prefix; the prefix may be empty"
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for days in values(var.expire) : days >= 1])
    error_message = "An object must be retained for at least one day."
  }
}

variable "expire_superseded" {
  description = "Days after which current objects with the tag superseded=true expire, by key prefix"
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for days in values(var.expire_superseded) : days >= 1])
    error_message = "An object must be retained for at least one day."
  }
}

variable "force_destroy" {
  description = "Whether the destruction of the bucket deletes its objects"
  type        = bool
  default     = false
}
