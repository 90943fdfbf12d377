variable "name" {
  description = "Prefix of the roles' names, such as totesys"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "repository" {
  description = "The repository on GitHub whose workflows may assume the roles, as the subjects of its tokens name it: owner/name, or owner@<id>/name@<id> where it was made, renamed or transferred after 2026-07-15"
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.@-]+/[A-Za-z0-9_.@-]+$", var.repository))
    error_message = "The repository is one owner/name, without wildcards."
  }
}

variable "make_oidc_provider" {
  description = "Whether to make GitHub's identity provider; an account has one at most, which others may have made"
  type        = bool
  default     = true
}

variable "deployments" {
  description = "The deployments by name, which is also the folder of the state: prefix of all names, the tags that all it makes have, and the subject that may deploy it, environment:<name> (to which branches, its settings on GitHub say) or ref:refs/heads/<branch>"
  type = map(object({
    prefix  = string
    tags    = map(string)
    subject = string
  }))

  validation {
    condition     = length(var.deployments) > 0 && alltrue([for key in keys(var.deployments) : can(regex("^[a-z][a-z0-9-]{0,19}$", key)) && key != "plan"])
    error_message = "There is at least one deployment, named in small letters, and none is named plan."
  }

  validation {
    condition     = alltrue([for deployment in values(var.deployments) : can(regex("^[a-z][a-z0-9-]{2,20}$", deployment.prefix))])
    error_message = "A prefix is 3 to 21 small letters, digits and hyphens, and begins with a letter."
  }

  validation {
    condition     = alltrue([for deployment in values(var.deployments) : !startswith("${var.name}-ci-", "${deployment.prefix}-")])
    error_message = "A deployment whose prefix these roles' names have could change the roles themselves."
  }

  validation {
    condition     = alltrue([for deployment in values(var.deployments) : length(deployment.tags) > 0])
    error_message = "What AWS names by a number is told by its tags, so a deployment needs at least one."
  }

  validation {
    condition     = alltrue([for deployment in values(var.deployments) : can(regex("^(environment:|ref:refs/heads/)[A-Za-z0-9_./-]+$", deployment.subject))])
    error_message = "A subject is environment:<name> or ref:refs/heads/<branch>, without wildcards."
  }
}

variable "state_bucket_arn" {
  description = "The bucket of the states, each in the folder of its deployment's name"
  type        = string
}

variable "state_key_arn" {
  description = "KMS key that encrypts the states"
  type        = string
}
