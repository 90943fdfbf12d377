variable "name" {
  description = "Prefix of the log groups of the jobs, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "names" {
  description = "Names of the roles by kind of job: build, load, migrate, compact, update"
  type        = map(string)
}

variable "policies" {
  description = "Policy documents by kind of job, as JSON, from the module job_access"
  type        = map(list(string))
}

variable "key_arn" {
  description = "ARN of the KMS key of the lake, the secrets and the logs"
  type        = string
}

variable "artifacts" {
  description = "Bucket of the scripts and libraries, below glue/"
  type        = object({ name = string, arn = string })
}

variable "metrics" {
  description = "Whether the jobs send metrics to CloudWatch"
  type        = bool
  default     = false
}

variable "connection_arns" {
  description = "ARNs of the Glue connections of the subnets"
  type        = list(string)
  default     = []
}

variable "subnet_ids" {
  description = "Subnets of the jobs; empty to run outside any VPC"
  type        = list(string)
  default     = []
}

variable "outside_vpc" {
  description = "Kinds of jobs that run outside the VPC"
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "Security groups of the jobs in their VPC"
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.security_group_ids) > 0 || length(var.subnet_ids) == 0
    error_message = "Jobs in a VPC require a security group."
  }
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of every role; null for none"
  type        = string
  default     = null
}
