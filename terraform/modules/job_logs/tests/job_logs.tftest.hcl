mock_provider "aws" {}

variables {
  name       = "totesys-test"
  role_names = { for kind in ["build", "load", "migrate"] : kind => "totesys-test-glue-${kind}" }
  key_arn    = "arn:aws:kms:eu-west-2:123456789012:key/1"
}

run "log_groups_have_the_names_that_glue_uses" {
  command = plan

  assert {
    condition = toset([for group in aws_cloudwatch_log_group.this : group.name]) == toset(flatten([
      for role in ["build", "load", "migrate"] : [
        for stream in ["error", "output"] : "/aws-glue/jobs/totesys-test-role/totesys-test-glue-${role}/${stream}"
      ]
    ]))
    error_message = "Glue would create its own log groups, without a retention."
  }

  assert {
    condition = alltrue([
      for group in aws_cloudwatch_log_group.this : group.kms_key_id == var.key_arn && group.retention_in_days == 90
    ])
    error_message = "A log group is not encrypted, or its retention is wrong."
  }
}

run "an_invalid_name_is_refused" {
  command = plan

  variables {
    name = "Totesys"
  }

  expect_failures = [var.name]
}
