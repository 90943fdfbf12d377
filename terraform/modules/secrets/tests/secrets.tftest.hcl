mock_provider "aws" {}

variables {
  name    = "totesys-dev"
  key_arn = "arn:aws:kms:eu-west-2:123456789012:key/one"
}

run "every_database_user_has_a_secret" {
  command = plan

  assert {
    condition = { for key, secret in aws_secretsmanager_secret.this : key => secret.name } == {
      source           = "totesys-dev/source"
      warehouse_loader = "totesys-dev/warehouse-loader"
      warehouse_owner  = "totesys-dev/warehouse-owner"
      warehouse_reader = "totesys-dev/warehouse-reader"
    }
    error_message = "A secret is missing, or its name differs from the name that the platform expects."
  }
}

run "secrets_are_encrypted_and_can_be_restored" {
  command = plan

  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : secret.kms_key_id == var.key_arn && secret.recovery_window_in_days == 30])
    error_message = "A secret is not encrypted with the key of the platform, or cannot be restored."
  }
}

run "an_invalid_recovery_window_is_refused" {
  command = plan

  variables {
    recovery_days = 3
  }

  expect_failures = [var.recovery_days]
}
