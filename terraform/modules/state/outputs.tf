output "bucket" {
  description = "Bucket of the states"
  value       = { name = module.state.name, arn = module.state.arn }
}

output "backend" {
  description = "Arguments of the backend \"s3\" of every root, except the key"
  value = {
    bucket       = module.state.name
    region       = data.aws_region.current.name
    encrypt      = true
    kms_key_id   = var.key_arn
    use_lockfile = true
  }
}
