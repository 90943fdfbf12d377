output "secrets" {
  description = "The secrets by what they open: source, warehouse_loader, warehouse_owner, warehouse_reader"
  value = {
    for key, secret in aws_secretsmanager_secret.this : key => { name = secret.name, arn = secret.arn }
  }
}
