provider "aws" {
  region = var.region

  # What is paid can be told apart by these, once they are activated as cost allocation tags.
  default_tags {
    tags = {
      project     = var.project
      environment = local.environment
      managed_by  = "terraform"
    }
  }
}

locals {
  environment = "dev"
}

module "platform" {
  source = "../modules/platform"

  name                 = "${var.project}-${local.environment}"
  artifacts_dir        = var.artifacts_dir
  emails               = var.emails
  runbook_url          = var.runbook_url
  network              = var.network
  generation           = var.generation
  schema               = var.schema
  rate_minutes         = var.rate_minutes
  paused               = var.paused
  architecture         = var.architecture
  poll_timeout_seconds = var.poll_timeout_seconds
  poll_memory_mb       = var.poll_memory_mb
  poll_ephemeral_mb    = var.poll_ephemeral_mb
  reserved_concurrency = var.reserved_concurrency
  workers              = var.workers
  job_timeout_minutes  = var.job_timeout_minutes
  quicksight           = var.quicksight
  freshness_seconds    = var.freshness_seconds
  horizon_age_seconds  = var.horizon_age_seconds
  permissions_boundary = var.permissions_boundary

  retention = var.retention

  # What is made here may go as it came: names are free again at once.
  mirror_days          = 7
  log_retention_days   = 14
  secret_recovery_days = 0
  force_destroy        = true
}
