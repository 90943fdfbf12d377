output "environment" {
  description = "Name of the environment that the state was created for"
  value       = terraform_data.environment.output

  precondition {
    condition     = terraform_data.environment.output == var.environment
    error_message = "This state belongs to the environment ${terraform_data.environment.output}, and the settings are those of ${var.environment}. To fix: run `.ci/terraform <environment> <command>`, which selects the state and the settings of one environment."
  }
}

output "buckets" {
  description = "Names of the buckets by purpose"
  value = {
    ingestion = module.lake.ingestion.name
    processed = module.lake.processed.name
    artifacts = module.artifacts.name
    athena    = module.query_results.name
    logs      = module.access_logs.name
  }
}

output "secrets" {
  description = "Names of the secrets by role. Terraform creates them without values"
  value       = { for key, secret in module.secrets.secrets : key => secret.name }
}

output "function" {
  description = "Name of the Lambda function that polls"
  value       = module.ingestion.function.name
}

output "schedule" {
  description = "Name of the schedule that invokes the function"
  value       = module.ingestion.schedule_name
}

output "queue" {
  description = "Name of the dead-letter queue"
  value       = module.ingestion.queue.name
}

output "workflow" {
  description = "Name of the Glue workflow"
  value       = module.workflow.workflow.name
}

output "rule" {
  description = "Name of the rule that starts the workflow"
  value       = module.workflow.rule_name
}

output "jobs" {
  description = "Names of the Glue jobs by their name in workflow.json"
  value       = module.workflow.jobs
}

output "migrate_job" {
  description = "Name of the Glue job that creates or migrates the warehouse. Run it before the first load"
  value       = module.workflow.migrate_job
}

output "compact_job" {
  description = "Name of the Glue job that publishes and compacts the lake"
  value       = module.workflow.compact_job
}

output "databases" {
  description = "Names of the databases in the Data Catalog"
  value       = module.catalog.databases
}

output "workgroup" {
  description = "Name of the Athena workgroup"
  value       = module.catalog.workgroup
}

output "topic" {
  description = "ARN of the topic that receives every alarm"
  value       = module.alarms.topic_arn
}

output "alarms" {
  description = "Names of the alarms by short name"
  value       = module.alarms.alarms
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard"
  value       = module.dashboard.name
}

output "quicksight_dashboard" {
  description = "Id of the dashboard in QuickSight; null if it is disabled"
  value       = one(module.quicksight_dashboard[*].dashboard)
}

output "key" {
  description = "ARN of the KMS key that encrypts all data"
  value       = module.key.arn
}
