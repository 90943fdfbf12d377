variable "project" {
  description = "The project's name; the prefix of every name is this and the environment"
  type        = string
  default     = "totesys"
}

variable "region" {
  description = "Region of everything, which should be that of the databases"
  type        = string
  default     = "eu-west-2"
}

variable "artifacts_dir" {
  description = "Folder that `make package` has filled"
  type        = string
  default     = "../../build"
}

variable "emails" {
  description = "Addresses that get every alarm; each has to confirm its subscription once"
  type        = list(string)
}

variable "runbook_url" {
  description = "Where the pages of docs/runbook are read, to which the alarms link"
  type        = string
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
  description = "Whether the schedule rests, and the alarms on missing polls with it; docs/operations.md"
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
  description = "Memory of a poll; its share of processors follows"
  type        = number
  default     = 1024
}

variable "poll_ephemeral_mb" {
  description = "Disk of the Lambda: the changed rows of the largest table must fit, and those of a first poll are all"
  type        = number
  default     = 2048
}

variable "reserved_concurrency" {
  description = "How many polls may run at once: 1, or null in an account too small to reserve any"
  type        = number
  default     = 1
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

variable "retention" {
  description = "Object Lock of the lake: GOVERNANCE or COMPLIANCE, the days for which no version can be deleted, and those of processed if they differ; 0 for none, so that dev can be destroyed. A lock tried here outlives the try"
  type = object({
    mode           = string
    days           = number
    processed_days = optional(number)
  })
  default = { mode = "GOVERNANCE", days = 0 }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role, as terraform/account makes it; null where a person applies"
  type        = string
  default     = null
}
