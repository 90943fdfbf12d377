output "secrets" {
  description = "Secrets by role: source, warehouse_loader, warehouse_owner, warehouse_reader"
  value = {
    for key, secret in aws_secretsmanager_secret.this : key => { name = secret.name, arn = secret.arn }
  }
}
