# What an account needs once, before its first deployment: a place for Terraform's states, and the
# roles under which GitHub Actions plans and deploys.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      project     = var.name
      environment = "account"
      managed_by  = "terraform"
    }
  }
}

module "key" {
  source = "../modules/key"

  name = var.name
}

module "state" {
  source = "../modules/state"

  name    = var.name
  key_arn = module.key.arn
}

module "ci_role" {
  source = "../modules/ci_role"

  name               = var.name
  repository         = var.repository
  make_oidc_provider = var.make_oidc_provider
  state_bucket_arn   = module.state.bucket.arn
  state_key_arn      = module.key.arn

  deployments = {
    for environment, subject in var.environments : environment => {
      prefix  = "${var.name}-${environment}"
      tags    = { project = var.name, environment = environment }
      subject = subject
    }
  }
}
