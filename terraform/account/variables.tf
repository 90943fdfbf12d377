variable "name" {
  description = "The project's name; a deployment's prefix is this and its environment"
  type        = string
  default     = "totesys"
}

variable "region" {
  description = "Region of the state and of the deployments"
  type        = string
  default     = "eu-west-2"
}

variable "repository" {
  description = "The repository on GitHub whose workflows plan and deploy, as the subjects of its tokens name it: owner/name, or owner@<id>/name@<id> where it was made, renamed or transferred after 2026-07-15"
  type        = string
}

variable "environments" {
  description = "Who deploys each environment: environment:<name>, whose branches and reviewers its settings on GitHub say, or ref:refs/heads/<branch>"
  type        = map(string)
  default = {
    dev  = "ref:refs/heads/main"
    prod = "environment:prod"
  }
}

variable "make_oidc_provider" {
  description = "Whether to make GitHub's identity provider; false where the account has it already"
  type        = bool
  default     = true
}
