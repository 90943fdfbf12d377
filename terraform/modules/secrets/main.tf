# Where the databases' credentials are. Their values are put there by hand, as docs/deploy.md says:
# what Terraform knows is in its plans and its state.

locals {
  secrets = {
    source           = "The source, as the user that polls"
    warehouse_loader = "The warehouse, as the user that loads"
    warehouse_owner  = "The warehouse, as the owner of its schema, who migrates it"
    warehouse_reader = "The warehouse, as the user that people and dashboards read as"
  }
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:The databases are not the platform's, so it cannot give their users new passwords
  for_each = local.secrets

  name                    = "${var.name}/${replace(each.key, "_", "-")}"
  description             = "${each.value}: JSON of host, port, dbname, username and password"
  kms_key_id              = var.key_arn
  recovery_window_in_days = var.recovery_days
}
