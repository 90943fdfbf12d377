# The roles of the Glue jobs, one for each kind of job: the access to data of var.policies, and the
# permissions that Glue needs to run any job.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  place     = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  catalog_arn    = "arn:${local.partition}:glue:${local.place}:catalog"
  interfaces_arn = "arn:${local.partition}:ec2:${local.place}:network-interface/*"
}

resource "aws_iam_role" "this" {
  for_each = var.names

  name                 = each.value
  description          = "Glue jobs that ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.glue.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "this" {
  for_each = aws_iam_role.this

  name   = each.key
  role   = each.value.id
  policy = data.aws_iam_policy_document.this[each.key].json
}

data "aws_iam_policy_document" "glue" {
  statement {
    sid     = "ActForPlatform"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "this" {
  for_each = var.names

  source_policy_documents = concat(
    [data.aws_iam_policy_document.every_job[each.key].json],
    contains(var.outside_vpc, each.key) ? [] : data.aws_iam_policy_document.in_vpc[*].json,
    var.policies[each.key],
  )
}

# Permissions that Glue needs for every job.
data "aws_iam_policy_document" "every_job" {
  #checkov:skip=CKV_AWS_356:Glue and CloudWatch do not restrict these actions to a resource
  for_each = var.names

  statement {
    sid       = "ReadArtifacts"
    actions   = ["s3:GetObject"]
    resources = ["${var.artifacts.arn}/glue/*"]
  }

  # AWS's managed role for Glue has these two rights too, and AWS does not document which job needs them.
  statement {
    sid       = "ListArtifacts"
    actions   = ["s3:ListBucket"]
    resources = [var.artifacts.arn]
  }

  statement {
    sid       = "ReadEncryption"
    actions   = ["glue:GetSecurityConfiguration"]
    resources = ["*"]
  }

  statement {
    sid     = "WriteLog"
    actions = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]

    # AWS documents more than one form of the name; without this right a job fails without a log
    resources = ["arn:${local.partition}:logs:${local.place}:log-group:/aws-glue/jobs*${var.name}*:*"]
  }

  dynamic "statement" {
    for_each = var.metrics ? ["metrics"] : []

    content {
      sid       = "WriteMetrics"
      actions   = ["cloudwatch:PutMetricData"]
      resources = ["*"]

      condition {
        test     = "StringEquals"
        variable = "cloudwatch:namespace"
        values   = ["Glue"]
      }
    }
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values = [
        for service in contains(["build", "compact"], each.key) ? ["s3"] : ["s3", "secretsmanager"] :
        "${service}.${data.aws_region.current.name}.amazonaws.com"
      ]
    }
  }
}

# Permissions that Glue needs to place a job into the subnets.
data "aws_iam_policy_document" "in_vpc" {
  #checkov:skip=CKV_AWS_356:EC2 does not restrict Describe actions to a resource
  count = length(var.subnet_ids) > 0 ? 1 : 0

  statement {
    sid       = "ReadConnections"
    actions   = ["glue:GetConnection"]
    resources = concat([local.catalog_arn], var.connection_arns)
  }

  statement {
    sid = "DescribeNetwork"
    actions = [
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeRouteTables",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcAttribute",
      "ec2:DescribeVpcEndpoints",
    ]
    resources = ["*"]
  }

  statement {
    sid     = "PlaceIntoVpc"
    actions = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"]
    resources = concat(
      [local.interfaces_arn],
      [for subnet in var.subnet_ids : "arn:${local.partition}:ec2:${local.place}:subnet/${subnet}"],
      [for group in var.security_group_ids : "arn:${local.partition}:ec2:${local.place}:security-group/${group}"],
    )
  }

  statement {
    sid       = "MarkInterfaces"
    actions   = ["ec2:CreateTags", "ec2:DeleteTags"]
    resources = [local.interfaces_arn]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = ["aws-glue-service-resource"]
    }
  }
}
