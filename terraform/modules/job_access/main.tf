# Access of each kind of job to data: exactly what its code reads and writes.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  place     = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  # as in lake/layout.py
  landed         = ["${var.source_name}/*", "_log/*", "_mirror/*"]
  generation     = "g=${var.generation}"
  generation_arn = "${var.lake.processed.arn}/${local.generation}"

  published_databases = ["${var.catalog}_published_ingestion", "${var.catalog}_published_processed_g${var.generation}"]
}

# Reading a missing key also requires s3:ListBucket, without a prefix: S3 answers "access denied" to a role
# that must not list. Hence IfExists. A job that reads many files reads compacted ones.
data "aws_iam_policy_document" "processed" {
  statement {
    sid     = "ReadBuilt"
    actions = ["s3:GetObject"]
    resources = [
      local.generation_arn, # Spark also looks for a file with the name of the folder
      "${local.generation_arn}/*",
      "${var.lake.processed.arn}/_compacted/*",
    ]
  }

  statement {
    sid       = "ListBuilt"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.processed.arn]

    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${local.generation}/*", "_compacted/*"]
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
      "${local.generation_arn}/_log/contracts/*",
      "${var.lake.processed.arn}/_attempts/build_*",
    ]
  }

  # Spark's committer deletes temporary files, and aborts the uploads of failed attempts.
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
    sid     = "WriteLoadLog"
    actions = ["s3:PutObject"]
    resources = [
      "${local.generation_arn}/_log/load/*",
      "${var.lake.processed.arn}/_attempts/load_warehouse/*",
    ]
  }
}

# Publishing Iceberg tables. No role has the right to delete objects or tables.
data "aws_iam_policy_document" "publish" {
  statement {
    sid     = "ReadPublished"
    actions = ["s3:GetObject"]
    resources = [
      "${var.lake.ingestion.arn}/${var.source_name}/*",
      "${var.lake.processed.arn}/_published/*",
      "${var.lake.processed.arn}/_attempts/publish/*",
    ]
  }

  statement {
    sid       = "ListPublished"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.processed.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["_attempts/publish/*"]
    }
  }

  statement {
    sid     = "WritePublished"
    actions = ["s3:PutObject"]
    resources = [
      "${var.lake.processed.arn}/_published/*",
      "${local.generation_arn}/_log/published/*",
      "${var.lake.processed.arn}/_attempts/publish/*",
    ]
  }

  statement {
    sid     = "PublishTables"
    actions = ["glue:CreateTable", "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:UpdateTable"]
    resources = concat(
      ["arn:${local.partition}:glue:${local.place}:catalog"],
      flatten([
        for database in local.published_databases : [
          "arn:${local.partition}:glue:${local.place}:database/${database}",
          "arn:${local.partition}:glue:${local.place}:table/${database}/*", # every table of the contracts
        ]
      ]),
    )
  }
}

data "aws_iam_policy_document" "compact" {
  statement {
    sid       = "ReadLogs"
    actions   = ["s3:GetObject"]
    resources = [for log in ["_log", "_erasures"] : "${var.lake.ingestion.arn}/${log}/*"]
  }

  statement {
    sid       = "ListLogs"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.ingestion.arn]

    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["_log/*", "_erasures/*"]
    }
  }

  statement {
    sid       = "ListMetadata"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.processed.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["_published/*", "_views/*"]
    }
  }

  statement {
    sid     = "WriteCompacted"
    actions = ["s3:PutObject"]
    resources = [
      "${var.lake.processed.arn}/_compacted/*",
      "${var.lake.processed.arn}/_views/*",
      "${var.lake.processed.arn}/_attempts/compact_lake/*",
    ]
  }

  # A lifecycle rule deletes what is tagged.
  statement {
    sid     = "RetireUnused"
    actions = ["s3:PutObjectTagging"]
    resources = [
      "${var.lake.processed.arn}/_compacted/*",
      "${var.lake.processed.arn}/_published/*",
    ]
  }
}

# Creating the views of Athena, which acts with the rights of its caller.
data "aws_iam_policy_document" "views" {
  statement {
    sid       = "ReadViewLog"
    actions   = ["s3:GetObject"]
    resources = ["${var.lake.processed.arn}/_views/*"]
  }

  statement {
    sid       = "AskAthena"
    actions   = ["athena:GetQueryExecution", "athena:StartQueryExecution"]
    resources = ["arn:${local.partition}:athena:${local.place}:workgroup/${var.workgroup}"]
  }

  statement {
    sid       = "FindResults"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.results.arn]
  }

  statement {
    sid       = "WriteResults"
    actions   = ["s3:PutObject"]
    resources = ["${var.results.arn}/results/*"]
  }

  statement {
    sid     = "CreateViews"
    actions = ["glue:CreateTable", "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:UpdateTable"]
    resources = [
      "arn:${local.partition}:glue:${local.place}:catalog",
      "arn:${local.partition}:glue:${local.place}:database/${var.catalog}",
      "arn:${local.partition}:glue:${local.place}:table/${var.catalog}/*", # every name of the warehouse
    ]
  }
}

data "aws_iam_policy_document" "migrate" {
  statement {
    sid       = "ReadOwnerSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secrets.warehouse_owner.arn]
  }

  statement {
    sid       = "RecordAttempts"
    actions   = ["s3:PutObject"]
    resources = ["${var.lake.processed.arn}/_attempts/migrate_warehouse/*"]
  }
}
