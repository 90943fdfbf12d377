mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

run "the_provider_accepts_tokens_for_sts" {
  command = plan

  assert {
    condition     = aws_iam_openid_connect_provider.this[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "A token for another audience would be accepted."
  }

  assert {
    condition     = output.arn == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    error_message = "The ARN is not the one of GitHub's provider."
  }
}

run "an_existing_provider_is_not_created_again" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.this) == 0
    error_message = "AWS refuses a second provider for GitHub."
  }
}
