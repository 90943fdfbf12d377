output "services" {
  description = "Resources and actions of the deployment by service: resources, read, change, run"
  value       = local.services
}
