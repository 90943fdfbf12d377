variable "environment" {
  description = "Name of the environment: dev or prod. Set in environments/<environment>.tfvars"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,8}$", var.environment))
    error_message = "The environment must be 2 to 9 lowercase letters and digits, and start with a letter."
  }
}

variable "project" {
  description = "Name of the project. The prefix of every name is the project and the environment"
  type        = string
  default     = "totesys"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", "${var.project}-${var.environment}"))
    error_message = "The prefix <project>-<environment> must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "region" {
  description = "Region of all resources. Use the region of the databases"
  type        = string
  default     = "eu-west-2"

  validation {
    condition     = !startswith(var.region, "cn-")
    error_message = "The names of services in policies and endpoints are those of the partitions aws and aws-us-gov. To fix: use a region outside China."
  }
}

variable "source_name" {
  description = "Name of the source in the contracts; null takes the name from the generated catalog"
  type        = string
  default     = null
}

variable "artifacts_dir" {
  description = "Folder that `make package` writes"
  type        = string
  default     = "../build"

  validation {
    condition     = alltrue([for name in ["ingestion_lambda", "platform.gluewheels", "publish.gluewheels"] : fileexists("${var.artifacts_dir}/${name}.zip")])
    error_message = "The folder has no packages. To fix: run `make package` first."
  }
}

variable "emails" {
  description = "Addresses that receive every alarm. Each address must confirm its subscription once"
  type        = list(string)
}

variable "runbook_url" {
  description = "URL of the folder docs/runbook; alarms link to its pages"
  type        = string
}

variable "network" {
  description = "Private subnets with access to both databases, route tables that receive a gateway endpoint for S3, and whether to create the paid interface endpoints; null runs outside a VPC"
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
  description = "Generation of the lake that is built, loaded and shown"
  type        = number
  default     = 1
}

variable "schema" {
  description = "Schema of the warehouse's tables"
  type        = string
  default     = "warehouse"
}

variable "rate_minutes" {
  description = "Minutes between polls"
  type        = number
  default     = 5
}

variable "min_minutes_between_runs" {
  description = "Minutes after a load during which polls commit batches and start no run of the workflow. It lowers the cost of a source that changes all the time, and every change waits that much longer; docs/costs.md has figures"
  type        = number
  default     = 0
}

variable "capture" {
  description = "How versions between two polls are found: method \"difference\" or \"log\"; for the log its publication, the replication slot (one named after the lake by default), and whether a source with unlimited max_slot_wal_keep_size is accepted. docs/deploy.md says what it needs"
  type = object({
    method               = optional(string, "difference")
    publication          = optional(string, "warehouse")
    slot                 = optional(string, "")
    accept_unlimited_wal = optional(bool, false)
  })
  default = {}
}

variable "paused" {
  description = "Whether the schedule and the alarms on missing polls are disabled; see docs/operations.md"
  type        = bool
  default     = false
}

variable "architecture" {
  description = "Processor of the Lambda function, as its package was built: arm64 or x86_64"
  type        = string
  default     = "arm64"
}

variable "poll_timeout_seconds" {
  description = "Timeout of a poll in seconds. The first poll of a big source may need 900"
  type        = number
  default     = 120
}

variable "poll_memory_mb" {
  description = "Memory of the Lambda function in MB. Its CPU share is proportional"
  type        = number
  default     = 1024
}

variable "poll_ephemeral_mb" {
  description = "Disk of the Lambda function in MB. The rows that a poll reads of the largest table must fit: the changed ones, and all of a full read"
  type        = number
  default     = 2048
}

variable "poll_retries" {
  description = "Number of times that Lambda retries a failed poll before the next poll is due"
  type        = number
  default     = 1
}

variable "reserved_concurrency" {
  description = "Maximum number of concurrent polls: 1, or null in an account that is too small to reserve concurrency"
  type        = number
  default     = 1
}

variable "worker_type" {
  description = "Type of a Glue worker"
  type        = string
  default     = "G.1X"
}

variable "workers" {
  description = "Number of Glue workers of a job, including the driver"
  type        = number
  default     = 2
}

variable "job_timeout_minutes" {
  description = "Timeout of one attempt of a job in minutes. Raise it for the first load of a big source, which may take hours, then lower it"
  type        = number
  default     = 4
}

variable "single_job" {
  description = "Whether one Glue job, whose timeout is twice job_timeout_minutes less one, builds and loads in place of three. A run costs about half, because each job starts a Spark session; the role of that job reads the changes of the source and the secret of the warehouse. docs/costs.md has figures"
  type        = bool
  default     = false
}

variable "job_retries" {
  description = "Number of times that Glue retries a failed job. With 0 the next poll starts a failed job again, and Glue queues a job while capacity is short; with retries it fails such a job at once"
  type        = number
  default     = 0
}

variable "job_metrics" {
  description = "Whether the Glue jobs send their metrics to CloudWatch, for the analysis of a slow job. They are charged as custom metrics, a set for each run"
  type        = bool
  default     = false
}

variable "retention" {
  description = "Object Lock of the lake: GOVERNANCE or COMPLIANCE, and days during which a version in the ingestion bucket cannot be deleted; 0 for no lock. processed_days must be 0, because S3A does not send the checksums that S3 then requires. A lock outlives a change of this variable. Objects that expire earlier remain as versions until their lock ends"
  type = object({
    mode           = string
    days           = number
    processed_days = optional(number, 0)
  })
}

variable "mirror_days" {
  description = "Days after which superseded objects of the mirror expire"
  type        = number
}

variable "scan_limit_bytes" {
  description = "Bytes that one Athena query may scan"
  type        = number
  default     = 10737418240 # 10 GiB
}

variable "quicksight" {
  description = "Dashboard in QuickSight: address of the warehouse as in the secret warehouse_reader, ARNs of the users or groups who view the dashboard (viewers) and who create analyses (authors), and SPICE (hourly copy) or DIRECT_QUERY; null for no dashboard. docs/quicksight.md lists the prerequisites"
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
  description = "Age in seconds of the oldest change that is missing from the warehouse at which the alarm freshness fires"
  type        = number
  default     = 1200
}

variable "horizon_age_seconds" {
  description = "Age in seconds of the oldest open transaction in the source at which the alarm horizon-age fires"
  type        = number
  default     = 3600
}

variable "publishing_seconds" {
  description = "Seconds for which the published tables may lag behind the warehouse before the alarm publishing fires"
  type        = number
  default     = 1800
}

variable "retained_wal_bytes" {
  description = "Bytes of WAL that the source retains for replication slots of the lake at which the alarm retained-wal fires"
  type        = number
  default     = 2147483648
}

variable "log_retention_days" {
  description = "Days for which logs are retained: a value that CloudWatch accepts"
  type        = number

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "CloudWatch retains logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731 days, or for 3, 5 to 10 years."
  }
}

variable "secret_recovery_days" {
  description = "Days during which a deleted secret can be restored; 0 deletes immediately"
  type        = number
}

variable "force_destroy" {
  description = "Whether `terraform destroy` also deletes the objects in the buckets"
  type        = bool
  default     = false
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role, from the output `boundaries` of terraform/account; null if a person applies"
  type        = string
  default     = null
}
