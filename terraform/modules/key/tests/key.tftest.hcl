# A plan of new things asks AWS nothing, so the real provider works without an account; a mocked one
# would make the documents of policies random.
provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  name = "totesys-dev"
}

run "the_key_rotates_and_is_not_soon_lost" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key does not rotate, or is deleted sooner than it must be."
  }

  assert {
    condition     = aws_kms_alias.this.name == "alias/totesys-dev"
    error_message = "The key cannot be found by the platform's name."
  }
}

run "services_use_it_only_for_what_the_platform_names" {
  command = plan

  assert {
    condition = { for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Sid => [statement.Principal, statement.Condition] if try(statement.Principal.Service, null) != null } == {
      EncryptLogs = [
        { Service = "logs.eu-west-2.amazonaws.com" },
        { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-2:123456789012:log-group:*totesys-dev*" } },
      ]
      PublishToTopics = [
        { Service = ["events.amazonaws.com", "cloudwatch.amazonaws.com"] },
        { ArnLike = { "kms:EncryptionContext:aws:sns:topicArn" = "arn:aws:sns:eu-west-2:123456789012:totesys-dev-*" } },
      ]
    }
    error_message = "A service may use the key for more than its own part, or cannot use it."
  }
}

run "besides_services_only_the_account_has_it" {
  command = plan

  assert {
    condition = [for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Principal if try(statement.Principal.Service, null) == null] == [
      { AWS = "arn:aws:iam::123456789012:root" },
    ]
    error_message = "Somebody else than the account may use the key."
  }
}
