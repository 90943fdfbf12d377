variable "name" {
  description = "Prefix of all names, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "vpc_id" {
  description = "VPC of the subnets"
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "The id of a VPC must start with vpc-."
  }
}

variable "subnet_ids" {
  description = "Private subnets of the Lambda function and the Glue workers, with access to both databases"
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0 && alltrue([for id in var.subnet_ids : startswith(id, "subnet-")])
    error_message = "At least one subnet is required, and every id must start with subnet-."
  }
}

variable "route_table_ids" {
  description = "Route tables that receive a gateway endpoint for S3, which is free; empty if they already have one"
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.route_table_ids : startswith(id, "rtb-")])
    error_message = "The id of a route table must start with rtb-."
  }
}

variable "interface_endpoints" {
  description = "Whether to create interface endpoints of the other services, for subnets without internet access. Each endpoint is billed by the hour"
  type        = bool
  default     = false
}

variable "database_ports" {
  description = "Ports of the source and of the warehouse"
  type        = set(number)
  default     = [5432]

  validation {
    condition     = length(var.database_ports) > 0 && alltrue([for port in var.database_ports : port >= 1 && port <= 65535])
    error_message = "At least one port is required, and every port must be between 1 and 65535."
  }
}

variable "database_cidrs" {
  description = "Address ranges of the source and of the warehouse"
  type        = set(string)
  default     = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]

  validation {
    condition     = length(var.database_cidrs) > 0 && alltrue([for cidr in var.database_cidrs : can(cidrnetmask(cidr))])
    error_message = "At least one address range is required, such as 10.0.0.0/8."
  }
}
