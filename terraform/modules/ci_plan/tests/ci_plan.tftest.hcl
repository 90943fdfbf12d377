# The real provider needs no account to plan policy documents; a mocked one would make them random.
provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name   = "totesys"
  github = { repository = "owner/warehouse", provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }

  state = {
    bucket  = { arn = "arn:aws:s3:::totesys-state-123456789012" }
    backend = { kms_key_id = "arn:aws:kms:eu-west-2:123456789012:key/one" }
  }

}

run "dev" {
  module {
    source = "../ci_services"
  }

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "123456789012" }
  }

  variables {
    prefix = "totesys-dev"
  }
}

run "prod" {
  module {
    source = "../ci_services"
  }

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "123456789012" }
  }

  variables {
    prefix = "totesys-prod"
  }
}

run "a_plan_only_reads" {
  command = plan

  variables {
    services = { dev = run.dev.services, prod = run.prod.services }
  }

  assert {
    condition = alltrue([
      for action in flatten([for statement in jsondecode(data.aws_iam_policy_document.plan.json).Statement : statement.Action]) :
      can(regex("^(athena|cloudwatch|ec2|events|glue|iam|kms|lambda|logs|quicksight|s3|scheduler|secretsmanager|sns|sqs):(Describe|Get|List)", action)) || action == "kms:Decrypt"
    ])
    error_message = "A pull request could change a resource."
  }
}

run "a_plan_reads_neither_data_nor_secrets" {
  command = plan

  variables {
    services = { dev = run.dev.services, prod = run.prod.services }
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.plan.json).Statement : statement.Resource
      if length(setintersection(flatten([statement.Action]), ["s3:GetObject", "s3:Get*", "s3:*"])) > 0
      ])) == toset([
      "arn:aws:s3:::totesys-dev-artifacts-123456789012/*",
      "arn:aws:s3:::totesys-prod-artifacts-123456789012/*",
      "arn:aws:s3:::totesys-state-123456789012/dev/*",
      "arn:aws:s3:::totesys-state-123456789012/prod/*",
    ])
    error_message = "A pull request could read objects other than packages and states."
  }

  assert {
    condition = length([
      for action in flatten([for statement in jsondecode(data.aws_iam_policy_document.plan.json).Statement : statement.Action]) : action
      if can(regex("^(secretsmanager:(\\*|Get\\*|GetSecret|BatchGet)|logs:(\\*|Get|Filter)|athena:(\\*|Get\\*|GetQueryR)|sqs:(\\*|Receive))", action))
    ]) == 0
    error_message = "A pull request could read secrets, logs, results or messages."
  }
}

run "without_a_deployment_there_is_nothing_to_plan" {
  command = plan

  variables {
    services = {}
  }

  expect_failures = [var.services]
}
