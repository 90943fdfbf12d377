mock_provider "aws" {}

variables {
  name    = "totesys-dev"
  key_arn = "arn:aws:kms:eu-west-2:123456789012:key/one"
}

run "there_is_a_secret_for_each_user_of_a_database" {
  command = plan

  assert {
    condition = { for key, secret in aws_secretsmanager_secret.this : key => secret.name } == {
      source           = "totesys-dev/source"
      warehouse_loader = "totesys-dev/warehouse-loader"
      warehouse_owner  = "totesys-dev/warehouse-owner"
      warehouse_reader = "totesys-dev/warehouse-reader"
    }
    error_message = "A secret is missing, or named otherwise than the rest of the platform expects."
  }
}

run "they_are_encrypted_and_can_be_restored" {
  command = plan

  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : secret.kms_key_id == var.key_arn && secret.recovery_window_in_days == 30])
    error_message = "A secret is not encrypted with the platform's key, or lost as soon as it is deleted."
  }
}

run "a_window_that_aws_refuses_is_refused_first" {
  command = plan

  variables {
    recovery_days = 3
  }

  expect_failures = [var.recovery_days]
}
