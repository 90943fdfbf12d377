variable "name" {
  description = "Name of the role, such as totesys-ci-dev"
  type        = string
}

variable "repository" {
  description = "GitHub repository whose workflows may assume the role, as in the subjects of its tokens: owner/name, or owner@<id>/name@<id> if it was created, renamed or transferred after 2026-07-15"
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.@-]+/[A-Za-z0-9_.@-]+$", var.repository))
    error_message = "The repository must be one owner/name, without wildcards."
  }
}

variable "subject" {
  description = "Subject of the tokens that may assume the role: pull_request, environment:<name> (its settings on GitHub select the branches) or ref:refs/heads/<branch>"
  type        = string

  validation {
    condition     = can(regex("^(pull_request|(environment:|ref:refs/heads/)[A-Za-z0-9_./-]+)$", var.subject))
    error_message = "The subject must be pull_request, environment:<name> or ref:refs/heads/<branch>, without wildcards."
  }
}

variable "provider_arn" {
  description = "ARN of GitHub's OpenID Connect provider"
  type        = string
}

variable "policy" {
  description = "Policy of the role, as JSON"
  type        = string

  validation {
    condition     = length(jsonencode(jsondecode(var.policy))) < 10240
    error_message = "The inline policies of a role have at most 10,240 characters in all."
  }
}
