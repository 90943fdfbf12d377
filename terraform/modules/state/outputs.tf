output "bucket" {
  description = "The bucket of the states"
  value       = { name = module.state.name, arn = module.state.arn }
}

output "backend" {
  description = "Arguments of every root's backend \"s3\", besides its own key"
  value = {
    bucket       = module.state.name
    region       = data.aws_region.current.name
    encrypt      = true
    kms_key_id   = var.key_arn
    use_lockfile = true
  }
}
