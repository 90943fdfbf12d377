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

variables {
  name       = "totesys-dev-things-123456789012"
  key_arn    = "arn:aws:kms:eu-west-2:123456789012:key/one"
  log_bucket = "totesys-dev-logs-123456789012"
}

run "nothing_is_public" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Public access is not blocked in each of its four ways."
  }

  assert {
    condition     = one(aws_s3_bucket_ownership_controls.this.rule).object_ownership == "BucketOwnerEnforced"
    error_message = "Access lists of objects still count."
  }
}

run "versions_are_kept_encrypted_and_logged" {
  command = plan

  assert {
    condition     = one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Enabled"
    error_message = "The bucket keeps no versions."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : [
        one(rule.apply_server_side_encryption_by_default).sse_algorithm,
        one(rule.apply_server_side_encryption_by_default).kms_master_key_id,
        tostring(rule.bucket_key_enabled),
      ]
    ] == [["aws:kms", var.key_arn, "true"]]
    error_message = "Objects are not encrypted with the key given."
  }

  assert {
    condition     = one(aws_s3_bucket_logging.this).target_bucket == var.log_bucket
    error_message = "Access is not logged to the bucket given."
  }

  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A bucket is destroyed with its objects though nobody said so."
  }
}

run "only_tls_is_let_in" {
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
    error_message = "Plain HTTP is not denied to everybody, for everything."
  }

  assert {
    condition     = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Effect] == ["Deny"]
    error_message = "The policy of a bucket that is given none allows something."
  }
}

run "the_policies_given_join_its_own" {
  command = plan

  variables {
    policies = [<<-JSON
      {"Version": "2012-10-17", "Statement": [{"Sid": "Given", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}]}
    JSON
    ]
  }

  assert {
    condition     = toset([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Sid]) == toset(["Given", "DenyPlainHttp"])
    error_message = "A policy that was given is missing, or replaced the bucket's own."
  }
}

run "uploads_and_versions_are_tidied_up" {
  command = plan

  assert {
    condition = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : [
      rule.status,
      one(rule.abort_incomplete_multipart_upload).days_after_initiation,
      one(rule.noncurrent_version_expiration).noncurrent_days,
      one(rule.expiration).expired_object_delete_marker,
    ]] == [["Enabled", 7, 30, true]]
    error_message = "Unfinished uploads, old versions or empty delete markers stay for ever."
  }
}

run "only_what_is_named_expires" {
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
    error_message = "Objects below the prefix do not expire when they should."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      [one(one(rule.filter).and).prefix, one(one(rule.filter).and).tags.superseded, one(rule.expiration).days]
      if rule.id == "superseded-_mirror/"
    ] == [["_mirror/", "true", 14]]
    error_message = "The expiry of superseded objects asks for something else than prefix and tag."
  }

  assert {
    condition     = toset(aws_s3_bucket_lifecycle_configuration.this.rule[*].id) == toset(["tidy", "expire-results/", "superseded-_mirror/"])
    error_message = "More expires than was asked for."
  }
}

run "a_lock_is_as_given" {
  command = plan

  variables {
    object_lock = { mode = "GOVERNANCE", days = 30 }
  }

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled
    error_message = "The bucket is made without Object Lock, which cannot be mended."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_object_lock_configuration.this[0].rule :
      [one(rule.default_retention).mode, one(rule.default_retention).days]
    ] == [["GOVERNANCE", 30]]
    error_message = "Objects are not retained as long as was asked for."
  }
}

run "a_lock_of_no_days_retains_nothing" {
  command = plan

  variables {
    object_lock = { mode = "GOVERNANCE", days = 0 }
  }

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled && length(aws_s3_bucket_object_lock_configuration.this) == 0
    error_message = "0 days must leave the lock there for writers who ask for it, and nothing more."
  }
}

run "access_logs_come_from_one_account_only" {
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
    error_message = "Somebody else than S3 on behalf of the account may write."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "S3 cannot deliver logs to a bucket with a key of KMS."
  }
}

run "logs_are_not_sent_where_s3_would_drop_them" {
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
