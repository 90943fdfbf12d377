# What the Glue jobs may do, one role for each kind of job: exactly what the code does, and where it
# logs.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  place     = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  # Glue names the log groups of jobs with a security configuration so.
  role_names = { for role in ["build", "load", "migrate"] : role => "${var.name}-glue-${role}" }
  log_groups = merge([
    for role, name in local.role_names : {
      for stream in ["error", "output"] : "${role}/${stream}" => "/aws-glue/jobs/${var.name}-role/${name}/${stream}"
    }
  ]...)

  # as lake/layout.py has it
  landed         = ["${var.source_name}/*", "_log/*", "_mirror/*"]
  generation     = "g=${var.generation}"
  generation_arn = "${var.lake.processed.arn}/${local.generation}"

  catalog_arn    = "arn:${local.partition}:glue:${local.place}:catalog"
  interfaces_arn = "arn:${local.partition}:ec2:${local.place}:network-interface/*"
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:log_retention_days says how long: a year in prod
  for_each = local.log_groups

  name              = each.value
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_glue_security_configuration" "this" {
  name = var.name

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.key_arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.key_arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = var.key_arn
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.role_names

  name                 = each.value
  description          = "What the jobs that ${each.key} may do"
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
  for_each = local.role_names

  source_policy_documents = concat(
    [data.aws_iam_policy_document.every_job[each.key].json],
    data.aws_iam_policy_document.in_vpc[*].json,
    {
      build   = [data.aws_iam_policy_document.processed.json, data.aws_iam_policy_document.build.json]
      load    = [data.aws_iam_policy_document.processed.json, data.aws_iam_policy_document.load.json]
      migrate = [data.aws_iam_policy_document.migrate.json]
    }[each.key],
  )
}

# What Glue does by the role of every job.
data "aws_iam_policy_document" "every_job" {
  #checkov:skip=CKV_AWS_356:CloudWatch knows no resource for metrics, only a namespace
  for_each = local.role_names

  statement {
    sid       = "ReadArtifacts"
    actions   = ["s3:GetObject"]
    resources = ["${var.artifacts.arn}/glue/*"]
  }

  statement {
    sid     = "WriteLog"
    actions = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]

    # AWS's pages write the name in more than one way; a job that may not write its log fails mute
    resources = ["arn:${local.partition}:logs:${local.place}:log-group:/aws-glue/jobs*${var.name}*:*"]
  }

  statement {
    sid       = "WriteMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Glue"]
    }
  }

  statement {
    sid       = "UseKey"
    actions   = each.key == "migrate" ? ["kms:Decrypt"] : ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values = [
        for service in each.key == "build" ? ["s3"] : ["s3", "secretsmanager"] :
        "${service}.${data.aws_region.current.name}.amazonaws.com"
      ]
    }
  }
}

# What Glue does besides to place a job into the subnets.
data "aws_iam_policy_document" "in_vpc" {
  #checkov:skip=CKV_AWS_356:EC2 knows no resource for what describes
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

# S3 asks for s3:ListBucket, and without a prefix, also when a key is read that is not there: it says
# so to those who may list, and "access denied" to all others. Hence IfExists.
data "aws_iam_policy_document" "processed" {
  statement {
    sid       = "ReadBuilt"
    actions   = ["s3:GetObject"]
    resources = [local.generation_arn, "${local.generation_arn}/*"] # Spark looks for a file of the folder's name too
  }

  statement {
    sid       = "ListBuilt"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.processed.arn]

    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${local.generation}/*"]
    }
  }
}

data "aws_iam_policy_document" "build" {
  statement {
    sid       = "ReadBatches"
    actions   = ["s3:GetObject"]
    resources = [for prefix in local.landed : "${var.lake.ingestion.arn}/${prefix}"]
  }

  statement {
    sid       = "ListBatches"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.ingestion.arn]

    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = local.landed
    }
  }

  statement {
    sid     = "WriteBuilt"
    actions = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = [
      "${local.generation_arn}/*/batch=*",
      "${local.generation_arn}/_log/dimensions/*",
      "${local.generation_arn}/_log/facts/*",
    ]
  }

  # Spark's committer removes what it has moved, and ends the uploads of attempts that failed.
  statement {
    sid     = "RemoveScratch"
    actions = ["s3:DeleteObject"]
    resources = [
      "${local.generation_arn}/*/batch=*/_temporary/*",
      "${local.generation_arn}/*/batch=*/__magic*",
      "${local.generation_arn}/*/batch=*/",
    ]
  }

  statement {
    sid       = "FindUploads"
    actions   = ["s3:ListBucketMultipartUploads"]
    resources = [var.lake.processed.arn]
  }
}

data "aws_iam_policy_document" "load" {
  statement {
    sid       = "ReadLoaderSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secrets.warehouse_loader.arn]
  }

  statement {
    sid       = "ReadBatchLog"
    actions   = ["s3:GetObject"]
    resources = ["${var.lake.ingestion.arn}/_log/*"]
  }

  statement {
    sid       = "ListBatchLog"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.ingestion.arn]

    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["_log/*"]
    }
  }

  statement {
    sid       = "WriteLoadLog"
    actions   = ["s3:PutObject"]
    resources = ["${local.generation_arn}/_log/load/*"]
  }

  dynamic "statement" {
    for_each = var.catalog == "" ? [] : ["catalog"]

    content {
      sid     = "RegisterPartitions"
      actions = ["glue:BatchCreatePartition", "glue:GetTable"]
      resources = concat(
        [local.catalog_arn],
        flatten([
          for database in ["${var.catalog}_ingestion", "${var.catalog}_processed_g${var.generation}"] : [
            "arn:${local.partition}:glue:${local.place}:database/${database}",
            "arn:${local.partition}:glue:${local.place}:table/${database}/*", # every table has partitions
          ]
        ]),
      )
    }
  }
}

data "aws_iam_policy_document" "migrate" {
  statement {
    sid       = "ReadOwnerSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secrets.warehouse_owner.arn]
  }
}
