variable "name" {
  description = "Prefix of all names, such as totesys-dev, and name of the workflow and its rule"
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
  description = "Generation that the jobs build and load"
  type        = number
  default     = 1

  validation {
    condition     = var.generation >= 1 && floor(var.generation) == var.generation
    error_message = "The generation must be an integer of at least 1."
  }
}

variable "schema" {
  description = "Schema of the warehouse's tables"
  type        = string
  default     = "warehouse"

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.schema))
    error_message = "The schema must be at most 63 lowercase letters, digits and underscores."
  }
}

variable "catalog" {
  description = "Prefix of the databases <catalog>_[published_]ingestion and <catalog>_[published_]processed_g<generation> in the Data Catalog; empty without a catalog"
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9_]*$", var.catalog))
    error_message = "The prefix must be lowercase letters, digits and underscores."
  }
}

variable "lake" {
  description = "Buckets of the lake"
  type = object({
    ingestion = object({ name = string, arn = string })
    processed = object({ name = string, arn = string })
  })
}

variable "key_arn" {
  description = "ARN of the KMS key of the lake, the secrets and the logs"
  type        = string
}

variable "artifacts" {
  description = "Bucket of the scripts and libraries"
  type        = object({ name = string, arn = string })
}

variable "packages" {
  description = "Paths of the output of `python -m artifacts`: entry scripts by file name, the archive of wheels, that of the jobs that publish, the views of Athena, and the certificates of the authority of the warehouse, if any"
  type = object({
    scripts    = map(string)
    libraries  = string
    publishing = string
    views      = string
    ca_bundle  = optional(string)
  })

  validation {
    condition = alltrue([
      for archive in [var.packages.libraries, var.packages.publishing] : endswith(archive, ".gluewheels.zip")
    ])
    error_message = "The names of the archives of wheels must end in .gluewheels.zip."
  }
}

variable "results" {
  description = "Bucket of the results of Athena, which writes below results/"
  type        = object({ name = string, arn = string })
}

variable "secrets" {
  description = "Secrets of the warehouse by role: warehouse_loader and warehouse_owner"
  type        = map(object({ name = string, arn = string }))

  validation {
    condition     = length(setsubtract(["warehouse_loader", "warehouse_owner"], keys(var.secrets))) == 0
    error_message = "The secrets warehouse_loader and warehouse_owner are required."
  }
}

variable "event_bus" {
  description = "Name of the event bus"
  type        = string
  default     = "default"
}

variable "worker_type" {
  description = "Type of a worker"
  type        = string
  default     = "G.1X"

  validation {
    condition     = contains(["G.1X", "G.2X", "G.4X", "G.8X"], var.worker_type)
    error_message = "The worker type must be G.1X, G.2X, G.4X or G.8X."
  }
}

variable "workers" {
  description = "Number of workers of a job, including the driver"
  type        = number
  default     = 2

  validation {
    condition     = var.workers >= 2 && floor(var.workers) == var.workers
    error_message = "At least 2 workers are required."
  }
}

variable "timeout_minutes" {
  description = "Timeout of one attempt of a job in minutes. With 4, a cycle with one failure stays within 30 minutes. Raise it for the first load of a big source, which may take hours, then lower it"
  type        = number
  default     = 4

  validation {
    condition     = var.timeout_minutes >= 1 && floor(var.timeout_minutes) == var.timeout_minutes
    error_message = "The timeout must be an integer."
  }
}

variable "single_job" {
  description = "Whether the workflow runs one job, which builds and loads in one Spark session, in place of the three of workflow.json"
  type        = bool
  default     = false
}

variable "single_job_timeout_minutes" {
  description = "Timeout of one attempt of the single job in minutes"
  type        = number
  default     = 7
}

variable "compaction_schedule" {
  description = "When to publish and compact the lake, as a schedule of Glue in UTC"
  type        = string
  default     = "cron(40 1/8 * * ? *)" # every eight hours

  validation {
    condition     = can(regex("^cron\\(.+\\)$", var.compaction_schedule))
    error_message = "The schedule must be an expression of Glue, such as cron(40 1/8 * * ? *)."
  }
}

variable "retries" {
  description = "Number of times that Glue retries a failed job. With 0 Glue queues a job while capacity is short; with retries it fails such a job at once"
  type        = number
  default     = 0

  validation {
    condition     = var.retries >= 0 && var.retries <= 10 && floor(var.retries) == var.retries
    error_message = "Glue retries a job 0 to 10 times."
  }
}

variable "metrics" {
  description = "Whether the jobs send metrics to CloudWatch, which are charged for each run"
  type        = bool
  default     = false
}

variable "subnet_ids" {
  description = "Subnets of the jobs; Glue uses one with free addresses. Empty to run outside a VPC"
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "Security groups of the jobs in their VPC"
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.security_group_ids) > 0 || length(var.subnet_ids) == 0
    error_message = "Jobs in a VPC require a security group."
  }
}

variable "log_retention_days" {
  description = "Days for which the logs are retained"
  type        = number
  default     = 90
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of every role; null for none"
  type        = string
  default     = null
}
