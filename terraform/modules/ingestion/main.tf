# The polls of the source: the function, its schedule, and the queue of failed polls.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  function_name = "${var.name}-ingestion"
  event_bus_arn = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/${var.event_bus}"
  function_arn  = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.function_name}"

  landed = ["${var.source_name}/*", "_log/*", "_mirror/*", "_audits/*", "_name"] # as in lake/layout.py

  step_logs = concat(["g=${var.generation}/_log/*"], var.publishes ? ["_attempts/publish/*"] : [])

  in_vpc = length(var.subnet_ids) > 0 ? ["vpc"] : []
}

resource "aws_s3_object" "package" {
  bucket = var.artifacts.name
  key    = "ingestion/${filesha256(var.package)}/ingestion_lambda.zip"
  source = var.package

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:log_retention_days is a year in prod
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:The log of the function has the same information as a trace
  #checkov:skip=CKV_AWS_115:reserved_concurrency is 1 unless the account is too small to reserve any
  #checkov:skip=CKV_AWS_116:The failure destination of aws_lambda_function_event_invoke_config is its dead-letter queue
  #checkov:skip=CKV_AWS_117:A source with a public address needs no VPC; subnet_ids place the function into one
  #checkov:skip=CKV_AWS_173:The variables are names; a customer managed key would require key access to plan and deploy
  #checkov:skip=CKV_AWS_272:The key of the object and source_code_hash pin the content
  function_name = local.function_name
  description   = "Polls ${var.source_name} and commits changes to the lake"
  role          = aws_iam_role.function.arn
  runtime       = "python3.13"
  architectures = [var.architecture]
  handler       = "ingestion_lambda.handler.handler"

  s3_bucket        = aws_s3_object.package.bucket
  s3_key           = aws_s3_object.package.key
  source_code_hash = filebase64sha256(var.package)

  timeout                        = var.timeout_seconds
  memory_size                    = var.memory_mb
  reserved_concurrent_executions = var.reserved_concurrency

  ephemeral_storage {
    size = var.ephemeral_mb
  }

  environment {
    variables = merge(
      {
        SOURCE_SECRET            = var.secret.name
        INGESTION_BUCKET         = var.lake.ingestion.name
        PROCESSED_BUCKET         = var.lake.processed.name
        GENERATION               = tostring(var.generation)
        EVENT_BUS                = var.event_bus
        WORKFLOW                 = var.workflow.name
        MIN_MINUTES_BETWEEN_RUNS = tostring(var.min_minutes_between_runs)
        PUBLISHES                = tostring(var.publishes)
      },
      var.capture.method == "log" ? {
        CAPTURE              = var.capture.method
        PUBLICATION          = var.capture.publication
        ACCEPT_UNLIMITED_WAL = tostring(var.capture.accept_unlimited_wal)
      } : {},
      var.capture.slot == "" ? {} : { SLOT = var.capture.slot },
      var.ca_bundle ? { PGSSLROOTCERT = "/var/task/ca.pem" } : {},
    )
  }

  # the function writes JSON itself
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  dynamic "vpc_config" {
    for_each = local.in_vpc

    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }

  # When the function is created, Lambda checks whether the role may place it into a VPC.
  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = var.retries
  maximum_event_age_in_seconds = var.rate_minutes * 60 # then the next poll is due

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead-letters"
  message_retention_seconds = 14 * 24 * 3600
  kms_master_key_id         = var.key_arn
}

# The actions of the function, and no others.
data "aws_iam_policy_document" "function" {
  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  statement {
    sid       = "ReadSourceSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret.arn]
  }

  statement {
    sid       = "LandBatches"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = [for prefix in local.landed : "${var.lake.ingestion.arn}/${prefix}"]
  }

  statement {
    sid       = "RecordAttempts"
    actions   = ["s3:PutObject"]
    resources = ["${var.lake.ingestion.arn}/_attempts/poll/*"]
  }

  statement {
    sid       = "RetireMirrorObjects"
    actions   = ["s3:PutObjectTagging"]
    resources = ["${var.lake.ingestion.arn}/_mirror/*"]
  }

  # IfExists, because reading a missing key also requires s3:ListBucket, without a prefix: S3 answers
  # "access denied" to a role that must not list.
  statement {
    sid       = "ListIngestion"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.ingestion.arn]

    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["_log/*"]
    }
  }

  statement {
    sid       = "ReadStepLogs"
    actions   = ["s3:GetObject"]
    resources = [for prefix in local.step_logs : "${var.lake.processed.arn}/${prefix}"]
  }

  statement {
    sid       = "ListStepLogs"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.processed.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = local.step_logs
    }
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "secretsmanager", "sqs"] : "${service}.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "SayBatchCommitted"
    actions   = ["events:PutEvents"]
    resources = [local.event_bus_arn]

    condition {
      test     = "StringEquals"
      variable = "events:source"
      values   = ["${var.source_name}.ingestion"]
    }

    condition {
      test     = "StringEquals"
      variable = "events:detail-type"
      values   = ["Batch Committed"]
    }
  }

  statement {
    sid       = "SeeWhetherWorkflowRuns"
    actions   = ["glue:GetWorkflowRuns"]
    resources = [var.workflow.arn]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }

  dynamic "statement" {
    for_each = local.in_vpc

    content {
      sid = "PlaceIntoVpc"
      actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
      ]
      resources = ["*"] # Lambda tests these actions when the function is created, before an interface exists
    }
  }

  # Lambda needs these actions; the code of the function never does.
  dynamic "statement" {
    for_each = local.in_vpc

    content {
      sid       = "DenyInterfacesToCode"
      effect    = "Deny"
      actions   = ["ec2:*NetworkInterface*", "ec2:*PrivateIpAddresses"]
      resources = ["*"]

      condition {
        test     = "ArnEquals"
        variable = "lambda:SourceFunctionArn"
        values   = [local.function_arn]
      }
    }
  }
}

resource "aws_iam_role" "function" {
  name                 = local.function_name
  description          = "Polls of ${var.source_name}"
  assume_role_policy   = data.aws_iam_policy_document.lambda.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "function" {
  name   = "poll"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}

data "aws_iam_policy_document" "lambda" {
  statement {
    sid     = "ActForPlatform"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

module "schedule" {
  source = "../schedule"

  name                 = local.function_name
  description          = "Polls ${var.source_name}"
  rate_minutes         = var.rate_minutes
  paused               = var.paused
  function_arn         = aws_lambda_function.this.arn
  queue_arn            = aws_sqs_queue.dead_letters.arn
  key_arn              = var.key_arn
  permissions_boundary = var.permissions_boundary
}
