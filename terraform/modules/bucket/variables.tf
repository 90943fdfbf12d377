variable "name" {
  description = "Name of the bucket, unique in the world"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name is 3 to 63 small letters, digits and hyphens, without a hyphen at either end."
  }
}

variable "key_arn" {
  description = "KMS key that encrypts the objects; null for S3's own key, as a bucket that takes access logs needs"
  type        = string
  default     = null
}

variable "log_bucket" {
  description = "Name of the bucket that takes the access logs; null to keep none"
  type        = string
  default     = null
}

variable "access_logs_from" {
  description = "Account whose buckets may deliver their access logs to this one; null for none"
  type        = string
  default     = null

  validation {
    condition     = var.access_logs_from == null || (var.key_arn == null && var.object_lock == null)
    error_message = "S3 delivers access logs only to a bucket without a KMS key and without Object Lock."
  }
}

variable "object_lock" {
  description = "Object Lock, and the retention of each object unless its writer says otherwise; 0 days for none by default. Decided for ever when the bucket is made; null for no lock"
  type = object({
    mode = string
    days = number
  })
  default = null

  validation {
    condition     = try(contains(["GOVERNANCE", "COMPLIANCE"], var.object_lock.mode), true)
    error_message = "The mode is GOVERNANCE or COMPLIANCE."
  }

  validation {
    condition     = try(var.object_lock.days >= 0 && floor(var.object_lock.days) == var.object_lock.days, true)
    error_message = "The days of retention are a whole number, or 0 for none."
  }
}

variable "policies" {
  description = "Policy documents, as JSON, that join the bucket's own statements"
  type        = list(string)
  default     = []
}

variable "noncurrent_days" {
  description = "Days until an overwritten or deleted version is gone for good"
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days >= 1
    error_message = "A version is kept for a day at least."
  }
}

variable "expire" {
  description = "Days after which current objects expire, by prefix of their key; the prefix may be empty"
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for days in values(var.expire) : days >= 1])
    error_message = "An object is kept for a day at least."
  }
}

variable "expire_superseded" {
  description = "Days after which current objects that are tagged superseded=true expire, by prefix of their key"
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for days in values(var.expire_superseded) : days >= 1])
    error_message = "An object is kept for a day at least."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket destroys what is in it"
  type        = bool
  default     = false
}
