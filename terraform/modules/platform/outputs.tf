output "buckets" {
  description = "Names of the buckets, by what they hold"
  value = {
    ingestion = module.lake.ingestion.name
    processed = module.lake.processed.name
    artifacts = module.artifacts.name
    athena    = module.query_results.name
    logs      = module.access_logs.name
  }
}

output "secrets" {
  description = "Names of the secrets that must be given their values, by what they open"
  value       = { for key, secret in module.secrets.secrets : key => secret.name }
}

output "function" {
  description = "Name of the Lambda that polls"
  value       = module.ingestion.function.name
}

output "schedule" {
  description = "Name of the schedule of polls"
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
  description = "Names of the Glue jobs, by their name in workflow.json"
  value       = module.workflow.jobs
}

output "migrate_job" {
  description = "Name of the Glue job that makes or migrates the warehouse; run it before the first load"
  value       = module.workflow.migrate_job
}

output "databases" {
  description = "Names of the Data Catalog's databases"
  value = {
    ingestion = module.catalog.ingestion_database
    processed = module.catalog.processed_database
  }
}

output "workgroup" {
  description = "Name of the Athena workgroup"
  value       = module.catalog.workgroup
}

output "topic" {
  description = "ARN of the topic that gets every alarm"
  value       = module.alarms.topic_arn
}

output "alarms" {
  description = "Names of the alarms, by what they watch"
  value       = module.alarms.alarms
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard"
  value       = module.dashboard.name
}

output "quicksight_dashboard" {
  description = "Id of the dashboard in QuickSight, if there is one"
  value       = one(module.quicksight_dashboard[*].dashboard)
}

output "key" {
  description = "ARN of the key that encrypts everything"
  value       = module.key.arn
}
