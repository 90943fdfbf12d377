variable "name" {
  description = "Name of the project. The prefix of a deployment is the project and its environment"
  type        = string
  default     = "totesys"
}

variable "region" {
  description = "Region of the states and of the deployments"
  type        = string
  default     = "eu-west-2"
}

variable "repository" {
  description = "GitHub repository whose workflows plan and deploy, as in the subjects of its tokens: owner/name, or owner@<id>/name@<id> if it was created, renamed or transferred after 2026-07-15"
  type        = string
}

variable "environments" {
  description = "Subject that deploys each environment: environment:<name> (its settings on GitHub select branches and reviewers) or ref:refs/heads/<branch>"
  type        = map(string)
  default = {
    dev  = "ref:refs/heads/main"
    prod = "environment:prod"
  }
}

variable "make_oidc_provider" {
  description = "Whether to create GitHub's OpenID Connect provider; false if the account already has it"
  type        = bool
  default     = true
}
