variable "name" {
  description = "Prefix of the names of the roles, such as totesys"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "repository" {
  description = "GitHub repository whose workflows may assume the role; see the module ci_role"
  type        = string
}

variable "provider_arn" {
  description = "ARN of GitHub's OpenID Connect provider"
  type        = string
}

variable "state_bucket_arn" {
  description = "ARN of the bucket of the states. The states of a deployment are in the folder of its name"
  type        = string
}

variable "state_key_arn" {
  description = "ARN of the KMS key that encrypts the states"
  type        = string
}

variable "services" {
  description = "Output of the module ci_services of each deployment, by the name of the deployment"
  type = map(map(object({
    resources = list(string)
    read      = optional(list(string), [])
    change    = optional(list(string), [])
    run       = optional(list(string), [])
  })))

  validation {
    condition     = length(var.services) > 0
    error_message = "At least one deployment is required."
  }
}
