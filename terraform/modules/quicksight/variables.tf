variable "name" {
  description = "Prefix of all names, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "definitions" {
  description = "Folder with data_sets.json and queries/*.sql, written by `python -m artifacts.quicksight`"
  type        = string

  validation {
    condition     = fileexists("${var.definitions}/data_sets.json")
    error_message = "The folder has no data_sets.json. To fix: run `make package` first."
  }
}

variable "warehouse" {
  description = "Address of the warehouse, the same as in the secret: QuickSight reads only user and password from the secret"
  type = object({
    host     = string
    port     = number
    database = string
  })

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]+$", var.warehouse.host))
    error_message = "The host must be a name or an address, without a scheme and a port."
  }

  validation {
    condition     = var.warehouse.port >= 1 && var.warehouse.port <= 65535
    error_message = "The port must be between 1 and 65535."
  }

  validation {
    condition     = length(var.warehouse.database) > 0
    error_message = "The name of the database must not be empty."
  }
}

variable "schema" {
  description = "Schema of the warehouse's tables"
  type        = string
  default     = "warehouse"

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]*$", var.schema))
    error_message = "The schema must be a name that SQL accepts without quotes."
  }
}

variable "secret" {
  description = "Secret of the user that reads the warehouse: JSON with username and password. It must have its value before the data source is created"
  type        = object({ name = string, arn = string })
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the secret"
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.key_arn))
    error_message = "The key must be an ARN."
  }
}

variable "reader_role" {
  description = "Name of the role of the account by which QuickSight reads secrets. An administrator lets QuickSight create it, once per account"
  type        = string
  default     = "aws-quicksight-secretsmanager-role-v0"

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.reader_role))
    error_message = "The role must be a name without a path, not an ARN."
  }
}

variable "network" {
  description = "At least two subnets with access to the warehouse, security groups that it admits, and the addresses from which it answers; null if QuickSight reaches it over the internet"
  type = object({
    vpc_id             = string
    subnet_ids         = list(string)
    security_group_ids = list(string)
    database_cidrs     = set(string)
  })
  default = null

  validation {
    condition     = var.network == null || try(length(var.network.subnet_ids) >= 2 && length(var.network.security_group_ids) >= 1, false)
    error_message = "At least two subnets and one security group are required."
  }
}

variable "import_mode" {
  description = "SPICE: QuickSight copies every answer each hour. DIRECT_QUERY: QuickSight queries the warehouse for every view"
  type        = string
  default     = "SPICE"

  validation {
    condition     = contains(["SPICE", "DIRECT_QUERY"], var.import_mode)
    error_message = "The mode must be SPICE or DIRECT_QUERY."
  }
}

variable "authors" {
  description = "ARNs of the QuickSight users and groups who may create analyses from the data sets, and data sets from the data source"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.authors : can(regex("^arn:[a-z-]+:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/", arn))])
    error_message = "Authors must be ARNs of QuickSight users or groups."
  }
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of the role; null for none"
  type        = string
  default     = null
}
