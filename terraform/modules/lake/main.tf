# The two buckets of the lake. Objects are written once and never changed: see
# docs/adr/0012-deletes-are-denied.md.

data "aws_partition" "current" {}

locals {
  names = { for bucket in ["ingestion", "processed"] : bucket => "${var.name}-${bucket}-${var.account_id}" }
  arns  = { for bucket, name in local.names : bucket => "arn:${data.aws_partition.current.partition}:s3:::${name}" }

  days = {
    ingestion = var.retention.days
    processed = var.retention.processed_days
  }

  # Temporary files of Spark's committers: files below _temporary or __magic*, and empty objects that
  # represent folders.
  scratch = ["*/_temporary/*", "*/__magic*/*", "*/", "*_$folder$"]

  # Keys of each bucket that must be created and never overwritten.
  created_once = {
    ingestion = ["*"]
    processed = ["g=*/_log/*", "_generations/*", "_attempts/*", "_published/*", "_compacted/*", "_views/*"] # Spark writes the other keys, without If-None-Match
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

  # Only the request that creates an object has If-None-Match: the last one of a multipart upload.
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

  # Attempts are reports: no step reads them.
  expire = { "_attempts/" = var.attempt_days }

  # The age of an object is not a criterion: one that never changes is in use for ever. A poll tags the objects
  # of the mirror that its commit replaced, and a compaction the files that no entry has needed for a day, and the
  # metadata that no published table has reached for a day.
  expire_superseded = {
    ingestion = { "_mirror/" = var.mirror_days }
    processed = { "_compacted/" = 1, "_published/" = 1 }
  }[each.key]
}
