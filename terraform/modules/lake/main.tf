# The two buckets of the lake. Everything in them is written once and never changed:
# docs/adr/0012-deletes-are-denied.md.

data "aws_partition" "current" {}

locals {
  names = { for bucket in ["ingestion", "processed"] : bucket => "${var.name}-${bucket}-${var.account_id}" }
  arns  = { for bucket, name in local.names : bucket => "arn:${data.aws_partition.current.partition}:s3:::${name}" }

  days = {
    ingestion = var.retention.days
    processed = coalesce(var.retention.processed_days, var.retention.days)
  }

  # What Spark's committers make and remove again beside the data: files below _temporary or
  # __magic*, and empty objects that stand for folders.
  scratch = ["*/_temporary/*", "*/__magic*/*", "*/", "*_$folder$"]

  # Of each bucket: whatever must be created, never overwritten.
  created_once = {
    ingestion = ["*"]
    processed = ["g=*/_log/*", "_generations/*"] # the rest Spark writes, which cannot ask for it
  }
}

data "aws_iam_policy_document" "immutable" {
  for_each = local.names

  statement {
    sid           = "DenyDeletes"
    effect        = "Deny"
    actions       = ["s3:DeleteObject"]
    resources     = each.key == "ingestion" ? ["${local.arns.ingestion}/*"] : null
    not_resources = each.key == "processed" ? [for keys in local.scratch : "${local.arns.processed}/${keys}"] : null

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  statement {
    sid       = "DenyDeletesOfVersions"
    effect    = "Deny"
    actions   = ["s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
    resources = ["${local.arns[each.key]}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  statement {
    sid       = "DenyEndOfVersioning"
    effect    = "Deny"
    actions   = ["s3:PutBucketVersioning"]
    resources = [local.arns[each.key]]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  # Only a request that makes an object carries If-None-Match: of a multipart upload the last one.
  statement {
    sid       = "DenyOverwrites"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = [for keys in local.created_once[each.key] : "${local.arns[each.key]}/${keys}"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:if-none-match"
      values   = ["true"]
    }

    condition {
      test     = "Bool"
      variable = "s3:ObjectCreationOperation"
      values   = ["true"]
    }
  }
}

module "bucket" {
  source   = "../bucket"
  for_each = local.names

  name            = each.value
  key_arn         = var.key_arn
  log_bucket      = var.log_bucket
  object_lock     = { mode = var.retention.mode, days = local.days[each.key] }
  policies        = [data.aws_iam_policy_document.immutable[each.key].json]
  noncurrent_days = var.noncurrent_days
  force_destroy   = var.force_destroy

  # A bucket of the mirror is replaced by a new object, so age says nothing: one that never changes
  # is in use for ever. The poll tags what its commit has replaced.
  expire_superseded = each.key == "ingestion" ? { "_mirror/" = var.mirror_days } : {}
}
