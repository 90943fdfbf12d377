# The whole platform in one environment. environments/<environment>.tfvars has the settings that differ
# between environments; .ci/terraform passes them, and gives each environment its own state.

provider "aws" {
  region = var.region

  # Activate these as cost allocation tags to see the cost of each environment.
  default_tags {
    tags = {
      project     = var.project
      environment = var.environment
      managed_by  = "terraform"
    }
  }
}

data "aws_caller_identity" "current" {}

locals {
  name        = "${var.project}-${var.environment}"
  account_id  = data.aws_caller_identity.current.account_id
  source_name = coalesce(var.source_name, jsondecode(file("${local.artifacts.catalog}/views.json")).source)
  catalog     = replace(local.name, "-", "_") # a database's name has no hyphens

  artifacts = {
    package    = "${var.artifacts_dir}/ingestion_lambda.zip"
    libraries  = "${var.artifacts_dir}/platform.gluewheels.zip"
    publishing = "${var.artifacts_dir}/publish.gluewheels.zip"
    views      = "${var.artifacts_dir}/catalog/views.json"
    scripts = {
      for script in fileset("${var.artifacts_dir}/scripts", "*.py") : script => "${var.artifacts_dir}/scripts/${script}"
    }
    catalog    = "${var.artifacts_dir}/catalog"
    quicksight = "${var.artifacts_dir}/quicksight"
    ca_bundle  = fileexists("${var.artifacts_dir}/ca.pem") ? "${var.artifacts_dir}/ca.pem" : null
  }

  # Upper bounds. Glue takes a minute to start an attempt; its timeout does not include this minute.
  poll_minutes = var.rate_minutes + var.poll_timeout_seconds / 60
  job_minutes  = 1 + var.job_timeout_minutes

  # As long as a build and the load after it, together with their starts. A failure of a part of a run repeats at
  # most again_minutes; a job that has nothing to do only starts.
  single_job_timeout_minutes = 2 * var.job_timeout_minutes - 1
  run_minutes                = var.single_job ? 1 + local.single_job_timeout_minutes : 2 * local.job_minutes
  again_minutes              = var.single_job ? local.run_minutes : local.job_minutes + 1

  # A batch waits for its event at most until the first poll after min_minutes_between_runs.
  pause_minutes = var.min_minutes_between_runs == 0 ? 0 : var.min_minutes_between_runs + local.poll_minutes

  subnet_ids         = var.network == null ? [] : var.network.subnet_ids
  security_group_ids = module.network[*].security_group_id
}

# Records the environment that the state was created for. The precondition of the output
# "environment" refuses the settings of another environment.
resource "terraform_data" "environment" {
  input = var.environment

  lifecycle {
    ignore_changes = [input]
  }
}

module "key" {
  source = "./modules/key"

  name = local.name
}

module "access_logs" {
  source = "./modules/bucket"

  name             = "${local.name}-logs-${local.account_id}"
  access_logs_from = local.account_id
  expire           = { "" = var.log_retention_days }
  force_destroy    = var.force_destroy
}

module "artifacts" {
  source = "./modules/bucket"

  name          = "${local.name}-artifacts-${local.account_id}"
  key_arn       = module.key.arn
  log_bucket    = module.access_logs.name
  force_destroy = var.force_destroy
}

module "query_results" {
  source = "./modules/bucket"

  name          = "${local.name}-athena-${local.account_id}"
  key_arn       = module.key.arn
  log_bucket    = module.access_logs.name
  expire        = { "results/" = 30 }
  force_destroy = var.force_destroy
}

module "lake" {
  source = "./modules/lake"

  name          = local.name
  account_id    = local.account_id
  key_arn       = module.key.arn
  log_bucket    = module.access_logs.name
  retention     = var.retention
  mirror_days   = var.mirror_days
  force_destroy = var.force_destroy
}

module "secrets" {
  source = "./modules/secrets"

  name          = local.name
  key_arn       = module.key.arn
  recovery_days = var.secret_recovery_days
}

module "network" {
  source = "./modules/network"
  count  = var.network == null ? 0 : 1

  name                = local.name
  vpc_id              = var.network.vpc_id
  subnet_ids          = var.network.subnet_ids
  route_table_ids     = var.network.route_table_ids
  interface_endpoints = var.network.interface_endpoints
  database_ports      = var.network.database_ports
  database_cidrs      = var.network.database_cidrs
}

module "workflow" {
  source = "./modules/workflow"

  name                 = local.name
  source_name          = local.source_name
  generation           = var.generation
  schema               = var.schema
  catalog              = local.catalog
  lake                 = module.lake
  key_arn              = module.key.arn
  artifacts            = module.artifacts
  results              = module.query_results
  packages             = local.artifacts
  secrets              = module.secrets.secrets
  worker_type          = var.worker_type
  workers              = var.workers
  timeout_minutes      = var.job_timeout_minutes
  single_job           = var.single_job
  retries              = var.job_retries
  metrics              = var.job_metrics
  subnet_ids           = local.subnet_ids
  security_group_ids   = local.security_group_ids
  log_retention_days   = var.log_retention_days
  permissions_boundary = var.permissions_boundary

  single_job_timeout_minutes = local.single_job_timeout_minutes
}

module "ingestion" {
  source = "./modules/ingestion"

  name                 = local.name
  source_name          = local.source_name
  generation           = var.generation
  package              = local.artifacts.package
  ca_bundle            = local.artifacts.ca_bundle != null
  architecture         = var.architecture
  artifacts            = module.artifacts
  lake                 = module.lake
  key_arn              = module.key.arn
  secret               = module.secrets.secrets["source"]
  workflow             = module.workflow.workflow
  rate_minutes         = var.rate_minutes
  paused               = var.paused
  timeout_seconds      = var.poll_timeout_seconds
  memory_mb            = var.poll_memory_mb
  ephemeral_mb         = var.poll_ephemeral_mb
  retries              = var.poll_retries
  reserved_concurrency = var.reserved_concurrency
  subnet_ids           = local.subnet_ids
  security_group_ids   = local.security_group_ids
  log_retention_days   = var.log_retention_days
  permissions_boundary = var.permissions_boundary

  min_minutes_between_runs = var.min_minutes_between_runs
  publishes                = true
  capture                  = var.capture
}

module "catalog" {
  source = "./modules/catalog"

  name             = local.name
  definitions      = local.artifacts.catalog
  generation       = var.generation
  key_arn          = module.key.arn
  results_bucket   = module.query_results.name
  scan_limit_bytes = var.scan_limit_bytes
}

module "alarms" {
  source = "./modules/alarms"

  name                = local.name
  source_name         = local.source_name
  emails              = var.emails
  key_arn             = module.key.arn
  runbook_url         = var.runbook_url
  function_name       = module.ingestion.function.name
  queue_name          = module.ingestion.queue.name
  job_names           = concat(values(module.workflow.jobs), [module.workflow.migrate_job, module.workflow.compact_job])
  rate_minutes        = var.rate_minutes
  paused              = var.paused
  freshness_seconds   = var.freshness_seconds
  horizon_age_seconds = var.horizon_age_seconds
  publishing_seconds  = var.publishing_seconds
  captures_log        = var.capture.method == "log"
  retained_wal_bytes  = var.retained_wal_bytes
  log_retention_days  = var.log_retention_days
}

module "dashboard" {
  source = "./modules/dashboard"

  name              = local.name
  source_name       = local.source_name
  function_name     = module.ingestion.function.name
  queue_name        = module.ingestion.queue.name
  job_log_groups    = module.workflow.log_groups
  bucket_names      = [module.lake.ingestion.name, module.lake.processed.name]
  alarm_names       = values(module.alarms.alarms)
  memory_mb         = var.poll_memory_mb
  workers           = var.workers
  worker_type       = var.worker_type
  rate_minutes      = var.rate_minutes
  freshness_seconds = var.freshness_seconds
}

module "quicksight" {
  source = "./modules/quicksight"
  count  = var.quicksight == null ? 0 : 1

  name                 = local.name
  definitions          = local.artifacts.quicksight
  warehouse            = { host = var.quicksight.host, port = var.quicksight.port, database = var.quicksight.database }
  schema               = var.schema
  secret               = module.secrets.secrets["warehouse_reader"]
  key_arn              = module.key.arn
  network              = var.network == null ? null : merge(var.network, { security_group_ids = local.security_group_ids })
  import_mode          = var.quicksight.import_mode
  authors              = var.quicksight.authors
  permissions_boundary = var.permissions_boundary
}

module "quicksight_dashboard" {
  source = "./modules/quicksight_dashboard"
  count  = var.quicksight == null ? 0 : 1

  name        = local.name
  definitions = local.artifacts.quicksight
  data_sets   = module.quicksight[0].data_sets
  viewers     = var.quicksight.viewers
  authors     = var.quicksight.authors
}

# A change must be visible within 30 minutes even if a poll failed, a job failed and was retried, or a
# job failed for good or ran into its timeout: then the next poll starts it again. This is a warning
# only, because the first load of a big source takes longer.
check "one_failure_stays_within_30_minutes" {
  assert {
    condition = local.pause_minutes + max(
      2 * local.poll_minutes + local.run_minutes,
      local.poll_minutes + local.run_minutes + var.job_retries * (var.single_job ? local.run_minutes : local.job_minutes),
      2 * local.poll_minutes + local.run_minutes + local.again_minutes,
    ) <= 30
    error_message = "With these rates, pauses, timeouts and retries a change may become visible after more than 30 minutes if a job or a poll fails."
  }
}

check "the_freshness_alarm_fires_only_after_a_failure" {
  assert {
    condition     = var.freshness_seconds >= 60 * (local.pause_minutes + local.poll_minutes + local.run_minutes)
    error_message = "With these rates, pauses and timeouts the alarm freshness may fire although nothing failed: raise freshness_seconds."
  }
}
