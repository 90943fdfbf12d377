# The Glue workflow of glue_jobs/workflow.json, or one job in place of its three, and the rule that starts it.
# Outside the workflow: the job that migrates the warehouse, and the one that compacts the lake on a schedule.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  definition = jsondecode(templatefile("${path.module}/../../../glue_jobs/workflow.json", {
    name       = var.name
    source     = var.source_name
    ingestion  = "s3://${var.lake.ingestion.name}"
    processed  = "s3://${var.lake.processed.name}"
    generation = tostring(var.generation)
    warehouse  = "secretsmanager:${var.secrets.warehouse_loader.name}"
    schema     = var.schema
    catalog    = var.catalog
  }))

  event_trigger = one([
    for name, trigger in local.definition.triggers : merge(trigger, { name = name }) if trigger.type == "EVENT"
  ])
  conditional_triggers = {
    for name, trigger in local.definition.triggers : name => trigger if trigger.type == "CONDITIONAL" && !var.single_job
  }
  started_by_event = var.single_job ? [local.single_job] : local.event_trigger.actions

  # runs the jobs of the definition one after the other
  single_job = "update_warehouse"

  compact_job = "compact_lake"

  jobs = merge(
    {
      for name, job in local.definition.jobs : name => merge(job, {
        role    = contains(keys(job.arguments), "--warehouse") ? "load" : "build"
        retries = var.retries
        timeout = var.timeout_minutes
      })
    },
    {
      for name in var.single_job ? [local.single_job] : [] : name => {
        script    = "${name}.py"
        arguments = merge([for job in values(local.definition.jobs) : job.arguments]...)
        role      = "update"
        retries   = var.retries
        timeout   = var.single_job_timeout_minutes
      }
    },
    {
      migrate_warehouse = {
        script = "migrate_warehouse.py"
        arguments = {
          "--warehouse" = "secretsmanager:${var.secrets.warehouse_owner.name}"
          "--schema"    = var.schema
          "--processed" = "s3://${var.lake.processed.name}"
        }
        role    = "migrate"
        retries = 0
        timeout = 60 # an index on a big table takes long, and no other job waits for it
      }
    },
    {
      for name in var.catalog == "" ? [] : [local.compact_job] : name => {
        script = "${name}.py"
        arguments = {
          "--ingestion"   = "s3://${var.lake.ingestion.name}"
          "--processed"   = "s3://${var.lake.processed.name}"
          "--generation"  = tostring(var.generation)
          "--catalog"     = var.catalog
          "--workgroup"   = var.name
          "--views"       = basename(var.packages.views)
          "--extra-files" = local.addresses.views # Glue copies the file to the working directory
        }
        role    = "compact"
        retries = 0
        timeout = 60 # a run that ends early has committed what it did, and the next one continues
      }
    },
  )

  # The jobs that publish Iceberg tables; only they carry pyiceberg.
  publishing = var.catalog == "" ? [] : ["compact", "load", "update"]

  # The job that needs neither source nor warehouse, and so no VPC.
  outside_vpc = ["compact"]

  role_names = { for kind in distinct([for job in local.jobs : job.role]) : kind => "${var.name}-glue-${kind}" }

  job_names = { for name, job in local.jobs : name => "${var.name}-${replace(name, "_", "-")}" }

  files = merge(
    var.packages.scripts,
    { libraries = var.packages.libraries },
    var.catalog == "" ? {} : { publishing = var.packages.publishing, views = var.packages.views },
    var.packages.ca_bundle == null ? {} : { ca_bundle = var.packages.ca_bundle },
  )

  addresses = { for name, file in aws_s3_object.file : name => "s3://${file.bucket}/${file.key}" }

  every_job = merge({
    "--python-modules-installer-option"  = "--no-index" # the archive has all requirements
    "--job-language"                     = "python"
    "--job-bookmark-option"              = "job-bookmark-disable" # the logs of the lake replace bookmarks
    "--enable-continuous-cloudwatch-log" = "true"

    # Without a region S3A calls us-east-2, which a gateway endpoint does not reach. Source: AWS, "Migrating AWS
    # Glue for Spark jobs to AWS Glue version 5.1".
    "--conf" = "spark.hadoop.fs.s3a.endpoint.region=${data.aws_region.current.name}"
  }, var.metrics ? { "--enable-metrics" = "true" } : {})

  # Glue copies the file to the working directory of the driver.
  jobs_with_warehouse = var.packages.ca_bundle == null ? {} : {
    "--extra-files" = local.addresses.ca_bundle
    "--ca-bundle"   = basename(local.addresses.ca_bundle)
  }
}

resource "aws_s3_object" "file" {
  for_each = local.files

  bucket = var.artifacts.name
  key    = "glue/${filesha256(each.value)}/${basename(each.value)}"
  source = each.value

  lifecycle {
    create_before_destroy = true
  }
}

data "aws_subnet" "this" {
  for_each = toset(var.subnet_ids)

  id = each.key
}

resource "aws_glue_connection" "network" {
  for_each = data.aws_subnet.this

  name            = "${var.name}-${each.key}"
  description     = "Places jobs into a subnet"
  connection_type = "NETWORK"

  physical_connection_requirements {
    availability_zone      = each.value.availability_zone
    subnet_id              = each.key
    security_group_id_list = var.security_group_ids
  }
}

module "logs" {
  source = "../job_logs"

  name               = var.name
  role_names         = local.role_names
  key_arn            = var.key_arn
  log_retention_days = var.log_retention_days
}

module "access" {
  source = "../job_access"

  source_name = var.source_name
  generation  = var.generation
  catalog     = var.catalog
  workgroup   = var.name
  results     = var.results
  lake        = var.lake
  secrets     = var.secrets
}

module "roles" {
  source = "../job_roles"

  name                 = var.name
  names                = local.role_names
  policies             = module.access.policies
  key_arn              = var.key_arn
  artifacts            = var.artifacts
  metrics              = var.metrics
  outside_vpc          = local.outside_vpc
  connection_arns      = [for connection in aws_glue_connection.network : connection.arn]
  subnet_ids           = var.subnet_ids
  security_group_ids   = var.security_group_ids
  permissions_boundary = var.permissions_boundary
}

resource "aws_glue_job" "this" {
  for_each = local.jobs

  name         = local.job_names[each.key]
  description  = "${each.value.script} of ${var.source_name}"
  role_arn     = module.roles.arns[each.value.role]
  glue_version = "5.1"

  worker_type       = var.worker_type
  number_of_workers = each.value.role == "compact" ? 2 : var.workers # the compaction uses the driver alone
  timeout           = each.value.timeout
  max_retries       = each.value.retries

  # While capacity is short, Glue queues a job without retries and fails one with retries.
  job_run_queuing_enabled = each.value.retries == 0

  security_configuration = module.logs.security_configuration
  connections = contains(local.outside_vpc, each.value.role) ? [] : [
    for connection in aws_glue_connection.network : connection.name
  ]

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = local.addresses[each.value.script]
  }

  execution_property {
    max_concurrent_runs = 1
  }

  # every argument has a default, so that a run from the console needs none
  default_arguments = merge(
    local.every_job,
    {
      "--additional-python-modules" = (
        contains(local.publishing, each.value.role) ? local.addresses.publishing : local.addresses.libraries
      )
    },
    contains(keys(each.value.arguments), "--warehouse") ? local.jobs_with_warehouse : {},
    each.value.role == "migrate" ? {} : { "--time-limit" = tostring(each.value.timeout * 60 - 30) },
    each.value.arguments,
  )
}

resource "aws_glue_workflow" "this" {
  name                = var.name
  description         = "Loads committed batches of ${var.source_name} into the warehouse"
  max_concurrent_runs = 1
}

resource "aws_glue_trigger" "event" {
  name          = "${var.name}-${replace(local.event_trigger.name, "_", "-")}"
  workflow_name = aws_glue_workflow.this.name
  type          = "EVENT"

  event_batching_condition {
    batch_size = 1
  }

  dynamic "actions" {
    for_each = local.started_by_event

    content {
      job_name = aws_glue_job.this[actions.value].name
    }
  }

  # A trigger of this type can be neither started nor stopped, so that a plan that changes `enabled` fails
  # at every apply (terraform-provider-aws#49407). The provider reads false if it creates the trigger and
  # then does not see it in time.
  lifecycle {
    ignore_changes = [enabled]
  }
}

resource "aws_glue_trigger" "conditional" {
  for_each = local.conditional_triggers

  name          = "${var.name}-${replace(each.key, "_", "-")}"
  workflow_name = aws_glue_workflow.this.name
  type          = "CONDITIONAL"

  predicate {
    logical = each.value.logical

    dynamic "conditions" {
      for_each = each.value.conditions

      content {
        job_name = aws_glue_job.this[conditions.value.job].name
        state    = conditions.value.state
      }
    }
  }

  dynamic "actions" {
    for_each = each.value.actions

    content {
      job_name = aws_glue_job.this[actions.value].name
    }
  }

  # Glue refuses two concurrent requests to create triggers in a workflow (terraform-provider-aws#21759).
  depends_on = [aws_glue_trigger.event]
}

resource "aws_glue_trigger" "schedule" {
  for_each = { for name, job in local.jobs : name => job if name == local.compact_job }

  name        = "${var.name}-compaction"
  description = "Publishes and compacts the lake of ${var.source_name}"
  type        = "SCHEDULED"
  schedule    = var.compaction_schedule

  actions {
    job_name = aws_glue_job.this[each.key].name
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  name           = var.name
  description    = "A batch of ${var.source_name} was committed"
  event_bus_name = var.event_bus
  event_pattern  = jsonencode(local.event_trigger.pattern)
}

# The next poll sends a lost event again, so no dead-letter queue is needed.
resource "aws_cloudwatch_event_target" "workflow" {
  rule           = aws_cloudwatch_event_rule.this.name
  event_bus_name = aws_cloudwatch_event_rule.this.event_bus_name
  arn            = aws_glue_workflow.this.arn
  role_arn       = aws_iam_role.events.arn

  retry_policy {
    maximum_event_age_in_seconds = 300
    maximum_retry_attempts       = 5
  }

  depends_on = [aws_iam_role_policy.events]
}

data "aws_iam_policy_document" "events" {
  statement {
    sid       = "StartWorkflow"
    actions   = ["glue:NotifyEvent"]
    resources = [aws_glue_workflow.this.arn]
  }
}

resource "aws_iam_role" "events" {
  name                 = "${var.name}-events"
  description          = "Rule on committed batches"
  assume_role_policy   = data.aws_iam_policy_document.eventbridge.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "events" {
  name   = "start-workflow"
  role   = aws_iam_role.events.id
  policy = data.aws_iam_policy_document.events.json
}

data "aws_iam_policy_document" "eventbridge" {
  statement {
    sid     = "ActForPlatform"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}
