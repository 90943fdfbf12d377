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
  name         = "totesys-ci-dev"
  repository   = "owner/warehouse"
  subject      = "ref:refs/heads/main"
  provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  policy       = "{}"
}

run "the_role_trusts_one_subject_of_one_repository" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Sid       = "AssumeFromGitHub"
      Effect    = "Allow"
      Principal = { Federated = var.provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:owner/warehouse:ref:refs/heads/main"
      } }
    }]
    error_message = "The trust policy accepts another token, or refuses the workflow."
  }
}

run "wildcards_in_the_repository_are_refused" {
  command = plan

  variables {
    repository = "owner/*"
  }

  expect_failures = [var.repository]
}

run "wildcards_in_the_subject_are_refused" {
  command = plan

  variables {
    subject = "ref:refs/heads/*"
  }

  expect_failures = [var.subject]
}

run "a_policy_that_iam_refuses_fails_the_plan" {
  command = plan

  variables {
    policy = jsonencode({ Statement = [for n in range(1000) : "more than ten characters"] })
  }

  expect_failures = [var.policy]
}
