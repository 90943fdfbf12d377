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

variable "deployment" {
  description = "Name of the deployment, and of the folder of its states: dev or prod"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,19}$", var.deployment)) && var.deployment != "plan"
    error_message = "The deployment must be 1 to 20 lowercase letters, digits and hyphens, start with a letter, and not be plan."
  }
}

variable "prefix" {
  description = "Prefix of all names of the deployment, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.prefix))
    error_message = "The prefix must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }

  validation {
    condition     = !startswith("${var.name}-ci-", "${var.prefix}-")
    error_message = "The prefix must not match the names of these roles: the deployment could change them."
  }
}

variable "tags" {
  description = "Tags of all resources of the deployment. They identify resources that AWS names by number"
  type        = map(string)

  validation {
    condition     = length(var.tags) > 0
    error_message = "At least one tag is required to identify resources that AWS names by number."
  }
}

variable "subject" {
  description = "Subject that may deploy: environment:<name> (its settings on GitHub select the branches) or ref:refs/heads/<branch>"
  type        = string

  validation {
    condition     = var.subject != "pull_request"
    error_message = "A pull request must not deploy."
  }
}

variable "services" {
  description = "Output of the module ci_services of the deployment"
  type = map(object({
    resources = list(string)
    read      = optional(list(string), [])
    change    = optional(list(string), [])
    run       = optional(list(string), [])
  }))
}
