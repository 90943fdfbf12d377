# Resources that an account needs once, before the first deployment: the bucket of the Terraform states,
# and the roles under which GitHub Actions plans and deploys.

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

module "github_provider" {
  source = "../modules/github_provider"

  create = var.make_oidc_provider
}

locals {
  github = { repository = var.repository, provider_arn = module.github_provider.arn }
}

module "ci_services" {
  source   = "../modules/ci_services"
  for_each = var.environments

  prefix = "${var.name}-${each.key}"
}

module "ci_plan" {
  source = "../modules/ci_plan"

  name     = var.name
  github   = local.github
  services = { for environment, deployment in module.ci_services : environment => deployment.services }
  state    = module.state
}

module "ci_deploy" {
  source   = "../modules/ci_deploy"
  for_each = var.environments

  name       = var.name
  deployment = each.key
  prefix     = "${var.name}-${each.key}"
  tags       = { project = var.name, environment = each.key }
  github     = local.github
  subject    = each.value
  services   = module.ci_services[each.key].services
  state      = module.state
}
