# The bucket of the Terraform states, which Terraform locks with objects (use_lockfile), and its access
# logs.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  bucket  = "${var.name}-state-${local.account}"
  arn     = "arn:${data.aws_partition.current.partition}:s3:::${local.bucket}"
}

data "aws_iam_policy_document" "kept" {
  # Without a state, Terraform loses track of its resources. Terraform deletes only locks.
  statement {
    sid           = "DenyDeletesExceptOfLocks"
    effect        = "Deny"
    actions       = ["s3:DeleteObject"]
    not_resources = ["${local.arn}/*.tflock"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  statement {
    sid       = "DenyDeletesOfVersions"
    effect    = "Deny"
    actions   = ["s3:DeleteObjectVersion"]
    resources = ["${local.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

module "logs" {
  source = "../bucket"

  name             = "${var.name}-state-logs-${local.account}"
  access_logs_from = local.account
  expire           = { "" = var.log_days }
}

module "state" {
  source = "../bucket"

  name            = local.bucket
  key_arn         = var.key_arn
  log_bucket      = module.logs.name
  policies        = [data.aws_iam_policy_document.kept.json]
  noncurrent_days = var.version_days
}
