output "backend" {
  description = "Arguments of each root's backend, besides its key: <environment>/terraform.tfstate"
  value       = module.state.backend
}

output "roles" {
  description = "What GitHub Actions assumes: to plan, and to deploy each environment"
  value       = module.ci_role.roles
}

output "boundaries" {
  description = "The permissions boundary of each environment: argument permissions_boundary of its root"
  value       = module.ci_role.boundaries
}
