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
  name       = "totesys-dev"
  account_id = "123456789012"
  key_arn    = "arn:aws:kms:eu-west-2:123456789012:key/one"
  log_bucket = "totesys-dev-logs-123456789012"
  retention  = { mode = "GOVERNANCE", days = 30 }
}

run "the_buckets_have_their_names" {
  command = plan

  assert {
    condition = [output.ingestion, output.processed] == [
      { name = "totesys-dev-ingestion-123456789012", arn = "arn:aws:s3:::totesys-dev-ingestion-123456789012" },
      { name = "totesys-dev-processed-123456789012", arn = "arn:aws:s3:::totesys-dev-processed-123456789012" },
    ]
    error_message = "The name of a bucket differs from the name that the platform expects."
  }
}

run "ingestion_denies_every_delete" {
  command = plan

  assert {
    condition = [for statement in jsondecode(data.aws_iam_policy_document.immutable["ingestion"].json).Statement : statement if statement.Sid == "DenyDeletes"] == [{
      Sid       = "DenyDeletes"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:DeleteObject"
      Resource  = "arn:aws:s3:::totesys-dev-ingestion-123456789012/*"
    }]
    error_message = "An object in ingestion can be deleted."
  }
}

run "processed_allows_deletes_of_temporary_files_only" {
  command = plan

  assert {
    condition = [for statement in jsondecode(data.aws_iam_policy_document.immutable["processed"].json).Statement : statement if statement.Sid == "DenyDeletes"] == [{
      Sid       = "DenyDeletes"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:DeleteObject"
      NotResource = [
        "arn:aws:s3:::totesys-dev-processed-123456789012/*_$folder$",
        "arn:aws:s3:::totesys-dev-processed-123456789012/*/_temporary/*",
        "arn:aws:s3:::totesys-dev-processed-123456789012/*/__magic*/*",
        "arn:aws:s3:::totesys-dev-processed-123456789012/*/",
      ]
    }]
    error_message = "Processed allows other deletes, or denies those of temporary files."
  }
}

run "both_buckets_deny_deletes_of_versions_and_changes_of_versioning" {
  command = plan

  assert {
    condition = alltrue([for bucket in ["ingestion", "processed"] :
      [for statement in jsondecode(data.aws_iam_policy_document.immutable[bucket].json).Statement : statement if contains(["DenyDeletesOfVersions", "DenyEndOfVersioning"], statement.Sid)] == [
        {
          Sid       = "DenyDeletesOfVersions"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
          Resource  = "arn:aws:s3:::totesys-dev-${bucket}-123456789012/*"
        },
        {
          Sid       = "DenyEndOfVersioning"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:PutBucketVersioning"
          Resource  = "arn:aws:s3:::totesys-dev-${bucket}-123456789012"
        },
      ]
    ])
    error_message = "The history of a bucket can be deleted."
  }
}

run "every_put_into_ingestion_requires_if_none_match" {
  command = plan

  assert {
    condition = [for statement in jsondecode(data.aws_iam_policy_document.immutable["ingestion"].json).Statement : statement if statement.Sid == "DenyOverwrites"] == [{
      Sid       = "DenyOverwrites"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::totesys-dev-ingestion-123456789012/*"
      Condition = {
        Null = { "s3:if-none-match" = "true" }
        Bool = { "s3:ObjectCreationOperation" = "true" }
      }
    }]
    error_message = "Ingestion accepts a put without If-None-Match."
  }
}

run "processed_requires_it_for_what_spark_does_not_write" {
  command = plan

  assert {
    condition = [for statement in jsondecode(data.aws_iam_policy_document.immutable["processed"].json).Statement : statement if statement.Sid == "DenyOverwrites"] == [{
      Sid       = "DenyOverwrites"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:PutObject"
      Resource = [
        "arn:aws:s3:::totesys-dev-processed-123456789012/g=*/_log/*",
        "arn:aws:s3:::totesys-dev-processed-123456789012/_views/*",
        "arn:aws:s3:::totesys-dev-processed-123456789012/_published/*",
        "arn:aws:s3:::totesys-dev-processed-123456789012/_generations/*",
        "arn:aws:s3:::totesys-dev-processed-123456789012/_compacted/*",
        "arn:aws:s3:::totesys-dev-processed-123456789012/_attempts/*",
      ]
      Condition = {
        Null = { "s3:if-none-match" = "true" }
        Bool = { "s3:ObjectCreationOperation" = "true" }
      }
    }]
    error_message = "A log can be overwritten, or Spark cannot write its data."
  }
}

run "the_policies_allow_nothing" {
  command = plan

  assert {
    condition = alltrue(flatten([for document in values(data.aws_iam_policy_document.immutable) :
      [for statement in jsondecode(document.json).Statement : statement.Effect == "Deny"]
    ]))
    error_message = "A policy allows an action; it must only deny."
  }
}

run "only_ingestion_is_locked" {
  command = plan

  assert {
    condition     = local.days == { ingestion = 30, processed = 0 }
    error_message = "S3A cannot write into a bucket with a default retention."
  }
}

run "a_lock_of_processed_is_refused" {
  command = plan

  variables {
    retention = { mode = "GOVERNANCE", days = 30, processed_days = 1 }
  }

  expect_failures = [var.retention]
}

run "an_unknown_mode_is_refused" {
  command = plan

  variables {
    retention = { mode = "NONE", days = 30 }
  }

  expect_failures = [var.retention]
}
