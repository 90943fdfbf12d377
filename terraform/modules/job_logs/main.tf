# The log groups of the Glue jobs, encrypted and with a retention. Glue derives their names from the name
# of the security configuration and of the role of the job.

locals {
  log_groups = merge([
    for role, name in var.role_names : {
      for stream in ["error", "output"] : "${role}/${stream}" => "/aws-glue/jobs/${var.name}-role/${name}/${stream}"
    }
  ]...)
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:log_retention_days is a year in prod
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
