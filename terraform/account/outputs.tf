output "backend" {
  description = "Backend arguments of every environment, except the key <environment>/terraform.tfstate"
  value       = module.state.backend
}

output "roles" {
  description = "Roles of GitHub Actions: the role `plan`, and the role of each environment"
  value = merge(
    { plan = module.ci_plan.role },
    { for environment, deployment in module.ci_deploy : environment => deployment.role },
  )
}

output "boundaries" {
  description = "Permissions boundary of each environment: the value of its variable permissions_boundary"
  value       = { for environment, deployment in module.ci_deploy : environment => deployment.boundary }
}
