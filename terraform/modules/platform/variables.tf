variable "name" {
  description = "Prefix of every name, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "source_name" {
  description = "Name of the source in the contracts; null for that of the tables in the catalog"
  type        = string
  default     = null
}

variable "artifacts_dir" {
  description = "Folder that `python -m artifacts` has filled"
  type        = string

  validation {
    condition     = fileexists("${var.artifacts_dir}/ingestion_lambda.zip") && fileexists("${var.artifacts_dir}/platform.gluewheels.zip")
    error_message = "The folder has no packages. Run `make package` first."
  }
}

variable "emails" {
  description = "Addresses that get every alarm; each has to confirm its subscription once"
  type        = list(string)
}

variable "runbook_url" {
  description = "Where the pages of docs/runbook are read, to which the alarms link"
  type        = string
}

variable "generation" {
  description = "Replay of the batch log that is loaded and shown"
  type        = number
  default     = 1
}

variable "schema" {
  description = "Schema of the warehouse's tables"
  type        = string
  default     = "warehouse"
}

variable "rate_minutes" {
  description = "Minutes from one poll to the next"
  type        = number
  default     = 5
}

variable "paused" {
  description = "Whether the schedule rests, and the alarms on missing polls with it"
  type        = bool
  default     = false
}

variable "architecture" {
  description = "Processor of the Lambda, for which its package was made: arm64 or x86_64"
  type        = string
  default     = "arm64"
}

variable "poll_timeout_seconds" {
  description = "Seconds after which a poll is given up; the first poll of a big source may need 900, until the next one"
  type        = number
  default     = 120
}

variable "poll_memory_mb" {
  description = "Memory of a poll"
  type        = number
  default     = 1024
}

variable "poll_ephemeral_mb" {
  description = "Disk of a poll, where rows wait until they are compared"
  type        = number
  default     = 2048
}

variable "poll_retries" {
  description = "How often Lambda repeats a poll that failed, while the next one is not due"
  type        = number
  default     = 1
}

variable "reserved_concurrency" {
  description = "How many polls may run at once: 1, or null in an account too small to reserve any"
  type        = number
  default     = 1
}

variable "worker_type" {
  description = "Size of a Glue worker"
  type        = string
  default     = "G.1X"
}

variable "workers" {
  description = "Glue workers of a job, one of them its driver"
  type        = number
  default     = 2
}

variable "job_timeout_minutes" {
  description = "Minutes after which an attempt of a job is given up; raise it for the first load of a big source, which may take hours, and lower it again"
  type        = number
  default     = 4
}

variable "job_retries" {
  description = "How often Glue repeats a job that failed"
  type        = number
  default     = 1
}

variable "retention" {
  description = "Object Lock of the lake: GOVERNANCE or COMPLIANCE, the days that no version can be deleted, and those of processed if they differ; 0 for none"
  type = object({
    mode           = string
    days           = number
    processed_days = optional(number)
  })
  default = { mode = "GOVERNANCE", days = 30 }
}

variable "mirror_days" {
  description = "Days after their creation that superseded objects of the mirror expire"
  type        = number
  default     = 30
}

variable "network" {
  description = "Private subnets from which both databases are reached, the route tables that get an endpoint of S3, and whether to make the paid endpoints of the other services; null to run outside any VPC"
  type = object({
    vpc_id              = string
    subnet_ids          = list(string)
    route_table_ids     = optional(list(string), [])
    interface_endpoints = optional(bool, false)
    database_ports      = optional(set(number), [5432])
    database_cidrs      = optional(set(string), ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])
  })
  default = null
}

variable "scan_limit_bytes" {
  description = "Bytes that one query of Athena may read before it is stopped"
  type        = number
  default     = 10737418240 # 10 GiB
}

variable "quicksight" {
  description = "Shows the warehouse in QuickSight: where it is as the secret warehouse_reader says too, ARNs of QuickSight's users or groups who see the dashboard and who make their own, and SPICE (a copy every hour) or DIRECT_QUERY; null for none. docs/quicksight.md says what it takes"
  type = object({
    host        = string
    port        = optional(number, 5432)
    database    = string
    viewers     = optional(set(string), [])
    authors     = optional(set(string), [])
    import_mode = optional(string, "SPICE")
  })
  default = null
}

variable "freshness_seconds" {
  description = "Age of the oldest change that is not in the warehouse, above which freshness alarms"
  type        = number
  default     = 1200
}

variable "horizon_age_seconds" {
  description = "Seconds for which a transaction may run in the source before horizon-age alarms"
  type        = number
  default     = 3600
}

variable "log_retention_days" {
  description = "Days for which logs are kept, as CloudWatch allows them"
  type        = number
  default     = 90

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731 days, or for 3, 5 to 10 years."
  }
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be restored; 0 deletes at once"
  type        = number
  default     = 30
}

variable "force_destroy" {
  description = "Whether `terraform destroy` destroys what is in the buckets too"
  type        = bool
  default     = false
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role, as terraform/account makes it; null for none"
  type        = string
  default     = null
}
