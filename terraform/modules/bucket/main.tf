# A private, encrypted, versioned bucket that accepts only TLS, and deletes old versions and unfinished
# uploads.

data "aws_partition" "current" {}

locals {
  # computed, so that a plan shows every policy before the bucket exists
  arn = "arn:${data.aws_partition.current.partition}:s3:::${var.name}"

  expiries = merge(
    { for prefix, days in var.expire : "expire-${prefix}" => { prefix = prefix, days = days, tags = {} } },
    { for prefix, days in var.expire_superseded : "superseded-${prefix}" => {
      prefix = prefix, days = days, tags = { superseded = "true" }
    } },
  )
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:A second region doubles the cost; the owner of the account decides
  #checkov:skip=CKV2_AWS_62:The platform sends one event for a whole batch; no part of it waits for single objects
  #checkov:skip=CKV_AWS_18:The resource below logs access, except to the log bucket itself
  #checkov:skip=CKV_AWS_145:The resource below encrypts; S3 delivers access logs only to buckets with SSE-S3
  bucket              = var.name
  force_destroy       = var.force_destroy
  object_lock_enabled = var.object_lock != null
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "this" {
  count = try(var.object_lock.days, 0) > 0 ? 1 : 0

  bucket = aws_s3_bucket_versioning.this.bucket

  rule {
    default_retention {
      mode = var.object_lock.mode
      days = var.object_lock.days
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    # one request to KMS for many objects instead of one per object
    bucket_key_enabled = var.key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.key_arn
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_logging" "this" {
  count = var.log_bucket == null ? 0 : 1

  bucket        = aws_s3_bucket.this.id
  target_bucket = var.log_bucket
  target_prefix = "${var.name}/"
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket_versioning.this.bucket

  rule {
    id     = "tidy"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = local.expiries

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = length(rule.value.tags) == 0 ? rule.value.prefix : null

        dynamic "and" {
          for_each = length(rule.value.tags) == 0 ? [] : [rule.value]

          content {
            prefix = and.value.prefix
            tags   = and.value.tags
          }
        }
      }

      expiration {
        days = rule.value.days
      }
    }
  }
}

data "aws_iam_policy_document" "this" {
  source_policy_documents = var.policies

  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.arn, "${local.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = var.access_logs_from[*]

    content {
      sid       = "TakeAccessLogs"
      actions   = ["s3:PutObject"]
      resources = ["${local.arn}/*"] # each bucket writes below its name

      principals {
        type        = "Service"
        identifiers = ["logging.s3.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [statement.value]
      }
    }
  }
}

# Created last and destroyed first: the policy may deny requests that create the other settings.
resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.this.json

  depends_on = [
    aws_s3_bucket_lifecycle_configuration.this,
    aws_s3_bucket_logging.this,
    aws_s3_bucket_object_lock_configuration.this,
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}
