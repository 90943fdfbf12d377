variable "name" {
  description = "Prefix of every name, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "vpc_id" {
  description = "Network of the subnets"
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "A network's id begins with vpc-."
  }
}

variable "subnet_ids" {
  description = "Private subnets of the Lambda and the Glue workers, from which both databases are reached"
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0 && alltrue([for id in var.subnet_ids : startswith(id, "subnet-")])
    error_message = "There is at least one subnet, and the id of each begins with subnet-."
  }
}

variable "route_table_ids" {
  description = "Route tables that get an endpoint of S3, which costs nothing; none where there is one already"
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.route_table_ids : startswith(id, "rtb-")])
    error_message = "The id of a route table begins with rtb-."
  }
}

variable "interface_endpoints" {
  description = "Whether to make endpoints of the other services, for subnets without a way to the internet; each is paid by the hour"
  type        = bool
  default     = false
}

variable "database_ports" {
  description = "Ports of the source and of the warehouse"
  type        = set(number)
  default     = [5432]

  validation {
    condition     = length(var.database_ports) > 0 && alltrue([for port in var.database_ports : port >= 1 && port <= 65535])
    error_message = "There is at least one port, and each is between 1 and 65535."
  }
}

variable "database_cidrs" {
  description = "Addresses among which the source and the warehouse are"
  type        = set(string)
  default     = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]

  validation {
    condition     = length(var.database_cidrs) > 0 && alltrue([for cidr in var.database_cidrs : can(cidrnetmask(cidr))])
    error_message = "There is at least one range of addresses, such as 10.0.0.0/8."
  }
}
