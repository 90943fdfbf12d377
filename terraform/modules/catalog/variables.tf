variable "name" {
  description = "Prefix of every name, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "definitions" {
  description = "Folder with tables.json and queries/*.sql, as `python -m artifacts.catalog` writes it"
  type        = string

  validation {
    condition     = fileexists("${var.definitions}/tables.json")
    error_message = "The folder has no tables.json: run `make package` first."
  }
}

variable "generation" {
  description = "Replay of the batch log whose tables Athena shows"
  type        = number
  default     = 1

  validation {
    condition     = var.generation >= 1 && floor(var.generation) == var.generation
    error_message = "Generations are numbered from 1."
  }
}

variable "lake" {
  description = "The two buckets that the tables lie in"
  type = object({
    ingestion = object({ name = string, arn = string })
    processed = object({ name = string, arn = string })
  })
}

variable "key_arn" {
  description = "KMS key that encrypts the results of queries"
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.key_arn))
    error_message = "The key is named by its ARN."
  }
}

variable "results_bucket" {
  description = "Name of the bucket that takes the results of queries, below results/"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.results_bucket))
    error_message = "The bucket is named without s3:// and without a folder."
  }
}

variable "scan_limit_bytes" {
  description = "Bytes that one query may read before Athena stops it; they are what it costs"
  type        = number
  default     = 10737418240 # 10 GiB, about 5 US cents

  validation {
    condition     = var.scan_limit_bytes >= 10485760
    error_message = "Athena takes no limit below 10 MiB, 10485760 bytes."
  }
}
