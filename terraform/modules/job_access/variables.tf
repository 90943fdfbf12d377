variable "source_name" {
  description = "Name of the source in the contracts, and of the folder of its batches"
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

variable "catalog" {
  description = "Database of the views in the Data Catalog, and prefix of <catalog>_published_ingestion and <catalog>_published_processed_g<generation>; empty without a catalog"
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9_]*$", var.catalog))
    error_message = "The prefix must be lowercase letters, digits and underscores."
  }
}

variable "workgroup" {
  description = "Name of the workgroup of Athena in which views are created"
  type        = string
}

variable "results" {
  description = "Bucket of the results of Athena, which writes below results/"
  type        = object({ name = string, arn = string })
}

variable "lake" {
  description = "Buckets of the lake"
  type = object({
    ingestion = object({ name = string, arn = string })
    processed = object({ name = string, arn = string })
  })
}

variable "secrets" {
  description = "Secrets of the warehouse by role: warehouse_loader and warehouse_owner"
  type        = map(object({ name = string, arn = string }))

  validation {
    condition     = length(setsubtract(["warehouse_loader", "warehouse_owner"], keys(var.secrets))) == 0
    error_message = "The secrets warehouse_loader and warehouse_owner are required."
  }
}
