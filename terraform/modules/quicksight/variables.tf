variable "name" {
  description = "Prefix of every name, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "definitions" {
  description = "Folder with data_sets.json and queries/*.sql, as `python -m artifacts.quicksight` writes it"
  type        = string

  validation {
    condition     = fileexists("${var.definitions}/data_sets.json")
    error_message = "The folder has no data_sets.json: run `make package` first."
  }
}

variable "warehouse" {
  description = "Where the warehouse is, as the secret says too: QuickSight takes user and password from there, and nothing else"
  type = object({
    host     = string
    port     = number
    database = string
  })

  validation {
    condition     = can(regex("^[A-Za-z0-9.-]+$", var.warehouse.host))
    error_message = "The host is a name or an address, without a scheme and a port."
  }

  validation {
    condition     = var.warehouse.port >= 1 && var.warehouse.port <= 65535
    error_message = "The port is between 1 and 65535."
  }

  validation {
    condition     = length(var.warehouse.database) > 0
    error_message = "The database has a name."
  }
}

variable "schema" {
  description = "Schema of the warehouse's tables"
  type        = string
  default     = "warehouse"

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]*$", var.schema))
    error_message = "The schema is a name that SQL takes without quotes."
  }
}

variable "secret" {
  description = "Secret of the user that reads the warehouse: JSON with username and password. It must have its value before the data source is made"
  type        = object({ name = string, arn = string })
}

variable "key_arn" {
  description = "KMS key that encrypts the secret"
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.key_arn))
    error_message = "The key is named by its ARN."
  }
}

variable "reader_role" {
  description = "Name of the account's role by which QuickSight reads secrets; an administrator lets QuickSight make it, once in an account"
  type        = string
  default     = "aws-quicksight-secretsmanager-role-v0"

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.reader_role))
    error_message = "The role is named without its path and not by its ARN."
  }
}

variable "network" {
  description = "Subnets from which the warehouse is reached, at least two, and the security groups that it admits; null where QuickSight reaches it over the internet"
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.network == null || try(length(var.network.subnet_ids) >= 2 && length(var.network.security_group_ids) >= 1, false)
    error_message = "QuickSight connects from two subnets or more, with at least one security group."
  }
}

variable "import_mode" {
  description = "SPICE: QuickSight keeps a copy of every answer, made again each hour. DIRECT_QUERY: it asks the warehouse whenever somebody looks"
  type        = string
  default     = "SPICE"

  validation {
    condition     = contains(["SPICE", "DIRECT_QUERY"], var.import_mode)
    error_message = "The mode is SPICE or DIRECT_QUERY."
  }
}

variable "authors" {
  description = "ARNs of QuickSight's users and groups who may make analyses of their own from the data sets, and data sets from the data source"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.authors : can(regex("^arn:[a-z-]+:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/", arn))])
    error_message = "Authors are users or groups of QuickSight, named by their ARNs."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the role; null for none"
  type        = string
  default     = null
}
