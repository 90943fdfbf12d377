# One key for all that the platform stores. Roles get the use of it from their own policies; here are
# the account, which delegates to them, and those services that act without a role.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  topics    = "arn:${local.partition}:sns:${local.region}:${local.account}:${var.name}-*"
  logs      = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:*${var.name}*"
}

data "aws_iam_policy_document" "this" {
  #checkov:skip=CKV_AWS_109:A key policy without its account makes a key that nobody can change
  #checkov:skip=CKV_AWS_111:The resource of a key policy is the key itself, which it calls *
  #checkov:skip=CKV_AWS_356:The resource of a key policy is the key itself, which it calls *

  # Without this statement IAM policies could not grant the key, and nobody could ever change it.
  statement {
    sid       = "DelegateToAccount"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid = "EncryptLogs"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [local.logs]
    }
  }

  # EventBridge tells KMS neither aws:SourceAccount nor aws:SourceArn; the topic it does.
  statement {
    sid       = "PublishToTopics"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:sns:topicArn"
      values   = [local.topics]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Everything that ${var.name} stores"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_days
  policy                  = data.aws_iam_policy_document.this.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
