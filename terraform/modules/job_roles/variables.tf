variable "name" {
  description = "Prefix of every name, such as totesys-dev; the security configuration is called so"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "source_name" {
  description = "Name of the source in the contracts: the first folder of its batches"
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
  description = "Bucket of the scripts and what they need, below glue/"
  type        = object({ name = string, arn = string })
}

variable "secrets" {
  description = "Secrets of the warehouse by role: warehouse_loader and warehouse_owner"
  type        = map(object({ name = string, arn = string }))

  validation {
    condition     = length(setsubtract(["warehouse_loader", "warehouse_owner"], keys(var.secrets))) == 0
    error_message = "There must be secrets of the warehouse's loader and of its owner."
  }
}

variable "connection_arns" {
  description = "Glue connections that place the jobs into their subnets"
  type        = list(string)
  default     = []
}

variable "subnet_ids" {
  description = "Subnets of the jobs; empty to run outside any VPC"
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
