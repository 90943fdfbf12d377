mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-2" }
  }
}

variables {
  prefix = "totesys-dev"
}

run "resources_have_the_prefix_of_the_deployment" {
  command = plan

  assert {
    condition = toset(flatten([
      for service in values(output.services) : [
        for resource in service.resources : resource if !can(regex("totesys[-_]dev", resource))
      ]
      ])) == toset([
      "*",
      "arn:aws:events:eu-west-2:123456789012:event-bus/default",
      "arn:aws:glue:eu-west-2:123456789012:catalog",
      "arn:aws:iam::123456789012:role/aws-quicksight-secretsmanager-role-v0",
      "arn:aws:iam::123456789012:role/service-role/aws-quicksight-secretsmanager-role-v0",
      "arn:aws:kms:eu-west-2:123456789012:key/*",
      "arn:aws:logs:eu-west-2:123456789012:log-group:/aws-glue/*",
    ])
    error_message = "A resource of another deployment is listed."
  }
}

run "every_service_is_read_or_run" {
  command = plan

  assert {
    condition     = alltrue([for service in values(output.services) : can(service.read) || can(service.run)])
    error_message = "No policy uses a service of the list."
  }
}

run "an_invalid_prefix_is_refused" {
  command = plan

  variables {
    prefix = "Totesys*"
  }

  expect_failures = [var.prefix]
}
