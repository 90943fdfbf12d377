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
  name    = "totesys"
  key_arn = "arn:aws:kms:eu-west-2:123456789012:key/one"
}

run "states_cannot_be_deleted" {
  command = plan

  assert {
    condition = jsondecode(data.aws_iam_policy_document.kept.json).Statement == [
      {
        Sid         = "DenyDeletesExceptOfLocks"
        Effect      = "Deny"
        Principal   = "*"
        Action      = "s3:DeleteObject"
        NotResource = "arn:aws:s3:::totesys-state-123456789012/*.tflock"
      },
      {
        Sid       = "DenyDeletesOfVersions"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:DeleteObjectVersion"
        Resource  = "arn:aws:s3:::totesys-state-123456789012/*"
      },
    ]
    error_message = "A state can be deleted, or a lock cannot be."
  }
}

run "the_backend_locks_with_s3_objects" {
  command = plan

  assert {
    condition = output.backend == {
      bucket       = "totesys-state-123456789012"
      region       = "eu-west-2"
      encrypt      = true
      kms_key_id   = var.key_arn
      use_lockfile = true
    }
    error_message = "The output differs from the bucket."
  }
}
