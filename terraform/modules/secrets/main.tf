# The secrets of the database credentials. A person sets their values (docs/deploy.md), because plans and
# states contain all values that Terraform knows.

locals {
  secrets = {
    source           = "The source, as the user that polls"
    warehouse_loader = "The warehouse, as the user that loads"
    warehouse_owner  = "The warehouse, as the owner of its schema, who migrates it"
    warehouse_reader = "The warehouse, as the user that people and dashboards read as"
  }
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:The platform does not own the databases, so it cannot rotate the passwords of their users
  for_each = local.secrets

  name                    = "${var.name}/${replace(each.key, "_", "-")}"
  description             = "${each.value}: JSON of host, port, dbname, username and password"
  kms_key_id              = var.key_arn
  recovery_window_in_days = var.recovery_days
}
