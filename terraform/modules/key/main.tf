# The KMS key of all stored data. Policies of roles grant its use. The key policy allows the account, which
# delegates to them, and the services that act without a role.

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
  #checkov:skip=CKV_AWS_109:A key policy without the account makes a key that cannot be changed
  #checkov:skip=CKV_AWS_111:In a key policy, * is the key itself
  #checkov:skip=CKV_AWS_356:In a key policy, * is the key itself

  # Without this statement IAM policies cannot grant the key, and the key cannot be changed.
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

  # EventBridge passes neither aws:SourceAccount nor aws:SourceArn to KMS, but the ARN of the topic.
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
  description             = "Stored data of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_days
  policy                  = data.aws_iam_policy_document.this.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
