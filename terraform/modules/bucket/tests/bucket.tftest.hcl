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

variables {
  name       = "totesys-dev-things-123456789012"
  key_arn    = "arn:aws:kms:eu-west-2:123456789012:key/one"
  log_bucket = "totesys-dev-logs-123456789012"
}

run "public_access_is_blocked" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "One of the four settings allows public access."
  }

  assert {
    condition     = one(aws_s3_bucket_ownership_controls.this.rule).object_ownership == "BucketOwnerEnforced"
    error_message = "Access control lists are enabled."
  }
}

run "versioning_encryption_and_logging_are_enabled" {
  command = plan

  assert {
    condition     = one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Enabled"
    error_message = "Versioning is disabled."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : [
        one(rule.apply_server_side_encryption_by_default).sse_algorithm,
        one(rule.apply_server_side_encryption_by_default).kms_master_key_id,
        tostring(rule.bucket_key_enabled),
      ]
    ] == [["aws:kms", var.key_arn, "true"]]
    error_message = "Objects are not encrypted with the key."
  }

  assert {
    condition     = one(aws_s3_bucket_logging.this).target_bucket == var.log_bucket
    error_message = "Access is not logged to the log bucket."
  }

  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A bucket is destroyed with its objects by default."
  }
}

run "only_tls_is_accepted" {
  command = plan

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement if statement.Sid == "DenyPlainHttp"] == [{
      Sid       = "DenyPlainHttp"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource = [
        "arn:aws:s3:::totesys-dev-things-123456789012/*",
        "arn:aws:s3:::totesys-dev-things-123456789012",
      ]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "Plain HTTP is not denied for every principal and every action."
  }

  assert {
    condition     = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Effect] == ["Deny"]
    error_message = "The policy of a bucket without policy documents allows an action."
  }
}

run "policy_documents_are_merged" {
  command = plan

  variables {
    policies = [<<-JSON
      {"Version": "2012-10-17", "Statement": [{"Sid": "Given", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}]}
    JSON
    ]
  }

  assert {
    condition     = toset([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Sid]) == toset(["Given", "DenyPlainHttp"])
    error_message = "A policy document is missing, or replaces the statements of the module."
  }
}

run "old_versions_and_unfinished_uploads_are_deleted" {
  command = plan

  assert {
    condition = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : [
      rule.status,
      one(rule.abort_incomplete_multipart_upload).days_after_initiation,
      one(rule.noncurrent_version_expiration).noncurrent_days,
      one(rule.expiration).expired_object_delete_marker,
    ]] == [["Enabled", 7, 30, true]]
    error_message = "Unfinished uploads, old versions or delete markers are never deleted."
  }
}

run "only_the_given_prefixes_expire" {
  command = plan

  variables {
    expire            = { "results/" = 7 }
    expire_superseded = { "_mirror/" = 14 }
  }

  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      one(rule.filter).prefix => one(rule.expiration).days if rule.id == "expire-results/"
    } == { "results/" = 7 }
    error_message = "Objects below the prefix do not expire after the given days."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      [one(one(rule.filter).and).prefix, one(one(rule.filter).and).tags.superseded, one(rule.expiration).days]
      if rule.id == "superseded-_mirror/"
    ] == [["_mirror/", "true", 14]]
    error_message = "The expiry of superseded objects does not depend on prefix and tag."
  }

  assert {
    condition     = toset(aws_s3_bucket_lifecycle_configuration.this.rule[*].id) == toset(["tidy", "expire-results/", "superseded-_mirror/"])
    error_message = "Other objects expire."
  }
}

run "object_lock_has_the_given_retention" {
  command = plan

  variables {
    object_lock = { mode = "GOVERNANCE", days = 30 }
  }

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled
    error_message = "The bucket is created without Object Lock, which cannot be enabled later."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_object_lock_configuration.this[0].rule :
      [one(rule.default_retention).mode, one(rule.default_retention).days]
    ] == [["GOVERNANCE", 30]]
    error_message = "The retention differs from the variable."
  }
}

run "a_lock_of_0_days_has_no_default_retention" {
  command = plan

  variables {
    object_lock = { mode = "GOVERNANCE", days = 0 }
  }

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled && length(aws_s3_bucket_object_lock_configuration.this) == 0
    error_message = "With 0 days, Object Lock must be enabled without a default retention."
  }
}

run "only_one_account_delivers_access_logs" {
  command = plan

  variables {
    key_arn          = null
    log_bucket       = null
    access_logs_from = "123456789012"
  }

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement if statement.Effect == "Allow"] == [{
      Sid       = "TakeAccessLogs"
      Effect    = "Allow"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::totesys-dev-things-123456789012/*"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }]
    error_message = "A principal other than S3 on behalf of the account may write."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "S3 cannot deliver logs to a bucket with a KMS key."
  }
}

run "a_log_bucket_with_a_kms_key_is_refused" {
  command = plan

  variables {
    access_logs_from = "123456789012"
  }

  expect_failures = [var.access_logs_from]
}

run "a_retention_of_part_of_a_day_is_refused" {
  command = plan

  variables {
    object_lock = { mode = "GOVERNANCE", days = 0.5 }
  }

  expect_failures = [var.object_lock]
}
