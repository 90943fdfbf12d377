variable "name" {
  description = "Prefix of every name, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "source_name" {
  description = "Name of the source in the contracts: the first folder of its batches, and part of the event"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.source_name))
    error_message = "The source's name must be small letters, digits and underscores."
  }
}

variable "generation" {
  description = "Replay of the batch log whose load log tells what is in the warehouse"
  type        = number
  default     = 1

  validation {
    condition     = var.generation >= 1 && floor(var.generation) == var.generation
    error_message = "Generations are numbered from 1."
  }
}

variable "package" {
  description = "Path of ingestion_lambda.zip, as `python -m artifacts` makes it"
  type        = string
}

variable "ca_bundle" {
  description = "Whether the package has ca.pem, the certificates that vouch for the source"
  type        = bool
  default     = false
}

variable "architecture" {
  description = "Processor that the package was made for"
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is arm64 or x86_64."
  }
}

variable "artifacts" {
  description = "Bucket for the package"
  type        = object({ name = string, arn = string })
}

variable "lake" {
  description = "The two buckets of the lake"
  type = object({
    ingestion = object({ name = string, arn = string })
    processed = object({ name = string, arn = string })
  })
}

variable "key_arn" {
  description = "KMS key of the lake, the secret, the queue and the log"
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
  description = "Name of the bus that carries the event"
  type        = string
  default     = "default"
}

variable "rate_minutes" {
  description = "Minutes from one poll to the next"
  type        = number
  default     = 5

  validation {
    condition     = var.rate_minutes >= 1 && var.rate_minutes <= 360 && floor(var.rate_minutes) == var.rate_minutes
    error_message = "The rate must be a whole number of minutes, 360 at most: Lambda keeps an event for six hours."
  }
}

variable "paused" {
  description = "Whether the schedule rests; a poll by hand still runs"
  type        = bool
  default     = false
}

variable "timeout_seconds" {
  description = "Seconds after which a poll is given up; the first poll of a big source may need 900, until the next one"
  type        = number
  default     = 120

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "Lambda allows 1 to 900 seconds."
  }
}

variable "memory_mb" {
  description = "Memory of the function; its share of processors follows"
  type        = number
  default     = 1024

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "Lambda allows 128 to 10240 MB."
  }
}

variable "ephemeral_mb" {
  description = "Disk of the function, where the rows of a poll wait until they are compared"
  type        = number
  default     = 2048

  validation {
    condition     = var.ephemeral_mb >= 512 && var.ephemeral_mb <= 10240
    error_message = "Lambda allows 512 to 10240 MB."
  }
}

variable "reserved_concurrency" {
  description = "How many polls may run at once: 1, or null in an account too small to reserve any, where the log alone keeps polls apart"
  type        = number
  default     = 1

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= 1, false)
    error_message = "With a concurrency of 0 no poll would ever run."
  }
}

variable "retries" {
  description = "How often Lambda repeats a poll that failed, while the next one is not due"
  type        = number
  default     = 1

  validation {
    condition     = contains([0, 1, 2], var.retries)
    error_message = "Lambda repeats an event 0, 1 or 2 times."
  }
}

variable "subnet_ids" {
  description = "Subnets of the function; empty to run outside any VPC"
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "Security groups of the function in its VPC"
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.security_group_ids) > 0 || length(var.subnet_ids) == 0
    error_message = "A function in a VPC needs a security group."
  }
}

variable "log_retention_days" {
  description = "Days for which the log is kept"
  type        = number
  default     = 90
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role; null for none"
  type        = string
  default     = null
}
