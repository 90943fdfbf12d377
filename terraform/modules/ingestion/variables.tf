variable "name" {
  description = "Prefix of all names, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "source_name" {
  description = "Name of the source in the contracts, of the folder of its batches, and in the event"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.source_name))
    error_message = "The name of the source must be lowercase letters, digits and underscores."
  }
}

variable "generation" {
  description = "Generation whose load log records the loaded batches"
  type        = number
  default     = 1

  validation {
    condition     = var.generation >= 1 && floor(var.generation) == var.generation
    error_message = "The generation must be an integer of at least 1."
  }
}

variable "package" {
  description = "Path of ingestion_lambda.zip, written by `python -m artifacts`"
  type        = string
}

variable "ca_bundle" {
  description = "Whether the package has ca.pem, the certificates of the authority of the source"
  type        = bool
  default     = false
}

variable "architecture" {
  description = "Processor that the package was built for"
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture must be arm64 or x86_64."
  }
}

variable "artifacts" {
  description = "Bucket of the package"
  type        = object({ name = string, arn = string })
}

variable "lake" {
  description = "Buckets of the lake"
  type = object({
    ingestion = object({ name = string, arn = string })
    processed = object({ name = string, arn = string })
  })
}

variable "key_arn" {
  description = "ARN of the KMS key of the lake, the secret, the queue and the log"
  type        = string
}

variable "secret" {
  description = "Secret with host, port, dbname, username and password of the source"
  type        = object({ name = string, arn = string })
}

variable "workflow" {
  description = "Glue workflow that the event starts"
  type        = object({ name = string, arn = string })
}

variable "event_bus" {
  description = "Name of the event bus"
  type        = string
  default     = "default"
}

variable "rate_minutes" {
  description = "Minutes between polls"
  type        = number
  default     = 5

  validation {
    condition     = var.rate_minutes >= 1 && var.rate_minutes <= 360 && floor(var.rate_minutes) == var.rate_minutes
    error_message = "The rate must be an integer of at most 360 minutes: Lambda retains an event for six hours."
  }
}

variable "publishes" {
  description = "Whether the load publishes Iceberg tables, so that the event is repeated until it has done so"
  type        = bool
  default     = false
}

variable "min_minutes_between_runs" {
  description = "Minutes after a load during which polls commit batches and start no run of the workflow"
  type        = number
  default     = 0

  validation {
    condition     = var.min_minutes_between_runs >= 0 && var.min_minutes_between_runs <= 1440 && floor(var.min_minutes_between_runs) == var.min_minutes_between_runs
    error_message = "The pause must be an integer of 0 to 1440 minutes."
  }
}

variable "capture" {
  description = "How versions between two polls are found: method \"difference\" or \"log\"; for the log its publication, the replication slot (one named after the lake by default), and whether a source with unlimited max_slot_wal_keep_size is accepted"
  type = object({
    method               = optional(string, "difference")
    publication          = optional(string, "warehouse")
    slot                 = optional(string, "")
    accept_unlimited_wal = optional(bool, false)
  })
  default = {}

  validation {
    condition     = contains(["difference", "log"], var.capture.method)
    error_message = "The method must be difference or log."
  }
}

variable "paused" {
  description = "Whether the schedule is disabled; a poll by hand still runs"
  type        = bool
  default     = false
}

variable "timeout_seconds" {
  description = "Timeout of a poll in seconds. The first poll of a big source may need 900"
  type        = number
  default     = 120

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "Lambda allows 1 to 900 seconds."
  }
}

variable "memory_mb" {
  description = "Memory of the function in MB. Its CPU share is proportional"
  type        = number
  default     = 1024

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "Lambda allows 128 to 10240 MB."
  }
}

variable "ephemeral_mb" {
  description = "Disk of the function in MB, for the rows of a poll before they are compared"
  type        = number
  default     = 2048

  validation {
    condition     = var.ephemeral_mb >= 512 && var.ephemeral_mb <= 10240
    error_message = "Lambda allows 512 to 10240 MB."
  }
}

variable "reserved_concurrency" {
  description = "Maximum number of concurrent polls: 1, or null in an account that is too small to reserve concurrency. The log of the lake then allows only one of two polls to commit"
  type        = number
  default     = 1

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= 1, false)
    error_message = "With a concurrency of 0 no poll can run."
  }
}

variable "retries" {
  description = "Number of times that Lambda retries a failed poll before the next poll is due"
  type        = number
  default     = 1

  validation {
    condition     = contains([0, 1, 2], var.retries)
    error_message = "Lambda retries an event 0, 1 or 2 times."
  }
}

variable "subnet_ids" {
  description = "Subnets of the function; empty to run outside a VPC"
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "Security groups of the function in its VPC"
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.security_group_ids) > 0 || length(var.subnet_ids) == 0
    error_message = "A function in a VPC requires a security group."
  }
}

variable "log_retention_days" {
  description = "Days for which the log is retained"
  type        = number
  default     = 90
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of every role; null for none"
  type        = string
  default     = null
}
