variable "name" {
  description = "Prefix of all names, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "definitions" {
  description = "Folder with views.json and queries/*.sql, written by `python -m artifacts.catalog`"
  type        = string

  validation {
    condition     = fileexists("${var.definitions}/views.json")
    error_message = "The folder has no views.json. To fix: run `make package` first."
  }
}

variable "generation" {
  description = "Generation whose tables are published"
  type        = number
  default     = 1

  validation {
    condition     = var.generation >= 1 && floor(var.generation) == var.generation
    error_message = "The generation must be an integer of at least 1."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts query results"
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.key_arn))
    error_message = "The key must be an ARN."
  }
}

variable "results_bucket" {
  description = "Name of the bucket for query results, below results/"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.results_bucket))
    error_message = "The bucket must be a name without s3:// and without a folder."
  }
}

variable "scan_limit_bytes" {
  description = "Bytes that one query may scan before Athena cancels it. Athena bills by scanned bytes"
  type        = number
  default     = 10737418240 # 10 GiB, about 5 US cents

  validation {
    condition     = var.scan_limit_bytes >= 10485760
    error_message = "The limit must be at least 10 MiB, 10485760 bytes."
  }
}
