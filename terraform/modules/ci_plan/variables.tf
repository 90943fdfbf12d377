variable "name" {
  description = "Prefix of the names of the roles, such as totesys"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "github" {
  description = "GitHub repository whose workflows may assume the role, as in the module ci_role, and the ARN of GitHub's OpenID Connect provider"
  type        = object({ repository = string, provider_arn = string })
}

variable "state" {
  description = "Module of the states of Terraform. The states of a deployment are in the folder of its name"
  type = object({
    bucket  = object({ arn = string })
    backend = object({ kms_key_id = string })
  })
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
