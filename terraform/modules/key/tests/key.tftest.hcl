# The real provider needs no account to plan new resources; a mocked one would make the policy documents
# random.
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

run "the_key_rotates_and_its_deletion_can_be_cancelled" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key does not rotate, or its deletion window is too short."
  }

  assert {
    condition     = aws_kms_alias.this.name == "alias/totesys-dev"
    error_message = "The alias is not the name of the platform."
  }
}

run "services_use_the_key_only_for_resources_with_the_prefix" {
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
    error_message = "A service may use the key for other resources, or cannot use it."
  }
}

run "only_services_and_the_account_have_the_key" {
  command = plan

  assert {
    condition = [for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Principal if try(statement.Principal.Service, null) == null] == [
      { AWS = "arn:aws:iam::123456789012:root" },
    ]
    error_message = "A principal other than the account may use the key."
  }
}
