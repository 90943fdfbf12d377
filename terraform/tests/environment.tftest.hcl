# A state belongs to one environment: the settings of another one never reach it.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  emails      = ["data@example.com"]
  runbook_url = "https://example.com/runbook"

  retention            = { mode = "GOVERNANCE", days = 0 }
  mirror_days          = 7
  log_retention_days   = 14
  secret_recovery_days = 0
}

run "state_of_prod" {
  variables {
    environment = "prod"
  }

  plan_options {
    target = [terraform_data.environment]
  }

  assert {
    condition     = terraform_data.environment.output == "prod"
    error_message = "The state does not record its environment."
  }
}

run "settings_of_dev_are_refused_in_the_state_of_prod" {
  command = plan

  variables {
    environment = "dev"
  }

  plan_options {
    target = [terraform_data.environment]
  }

  expect_failures = [output.environment]
}
