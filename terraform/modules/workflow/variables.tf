variable "name" {
  description = "Prefix of every name, such as totesys-dev; the workflow and its rule are called so"
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
  description = "Replay of the batch log that the jobs build and load"
  type        = number
  default     = 1

  validation {
    condition     = var.generation >= 1 && floor(var.generation) == var.generation
    error_message = "Generations are numbered from 1."
  }
}

variable "schema" {
  description = "Schema of the warehouse's tables"
  type        = string
  default     = "warehouse"

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.schema))
    error_message = "The schema must be small letters, digits and underscores, 63 at most."
  }
}

variable "catalog" {
  description = "Prefix of the Data Catalog's databases, <catalog>_ingestion and <catalog>_processed_g<generation>; empty for none"
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9_]*$", var.catalog))
    error_message = "The prefix must be small letters, digits and underscores."
  }
}

variable "lake" {
  description = "The two buckets of the lake"
  type = object({
    ingestion = object({ name = string, arn = string })
    processed = object({ name = string, arn = string })
  })
}

variable "key_arn" {
  description = "KMS key of the lake, the secrets and the logs"
  type        = string
}

variable "artifacts" {
  description = "Bucket for the scripts and what they need"
  type        = object({ name = string, arn = string })
}

variable "packages" {
  description = "What `python -m artifacts` makes, as paths: the entry scripts by their file name, the archive of wheels, and the certificates that vouch for the warehouse, if any"
  type = object({
    scripts   = map(string)
    libraries = string
    ca_bundle = optional(string)
  })

  validation {
    condition     = endswith(var.packages.libraries, ".gluewheels.zip")
    error_message = "Glue takes an archive of wheels only if its name ends in .gluewheels.zip."
  }
}

variable "secrets" {
  description = "Secrets of the warehouse by role: warehouse_loader and warehouse_owner"
  type        = map(object({ name = string, arn = string }))

  validation {
    condition     = length(setsubtract(["warehouse_loader", "warehouse_owner"], keys(var.secrets))) == 0
    error_message = "There must be secrets of the warehouse's loader and of its owner."
  }
}

variable "event_bus" {
  description = "Name of the bus that carries the event"
  type        = string
  default     = "default"
}

variable "worker_type" {
  description = "Size of a worker"
  type        = string
  default     = "G.1X"

  validation {
    condition     = contains(["G.1X", "G.2X", "G.4X", "G.8X"], var.worker_type)
    error_message = "The worker type is G.1X, G.2X, G.4X or G.8X."
  }
}

variable "workers" {
  description = "Workers of a job, one of them its driver"
  type        = number
  default     = 2

  validation {
    condition     = var.workers >= 2 && floor(var.workers) == var.workers
    error_message = "Glue wants 2 workers at least."
  }
}

variable "timeout_minutes" {
  description = "Minutes after which an attempt of a job is given up. 4 keep one failed cycle within 30 minutes; raise it for the first load of a big source, which may take hours, and lower it again"
  type        = number
  default     = 4

  validation {
    condition     = var.timeout_minutes >= 1 && floor(var.timeout_minutes) == var.timeout_minutes
    error_message = "The timeout must be a whole number of minutes."
  }
}

variable "retries" {
  description = "How often Glue repeats a job that failed"
  type        = number
  default     = 1

  validation {
    condition     = var.retries >= 0 && var.retries <= 10 && floor(var.retries) == var.retries
    error_message = "Glue repeats a job 0 to 10 times."
  }
}

variable "subnet_ids" {
  description = "Subnets of the jobs, of which Glue takes one that has room; empty to run outside any VPC"
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "Security groups of the jobs in their VPC"
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.security_group_ids) > 0 || length(var.subnet_ids) == 0
    error_message = "Jobs in a VPC need a security group."
  }
}

variable "log_retention_days" {
  description = "Days for which the logs are kept"
  type        = number
  default     = 90
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role; null for none"
  type        = string
  default     = null
}
