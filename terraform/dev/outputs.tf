output "buckets" {
  description = "Names of the buckets, by what they hold"
  value       = module.platform.buckets
}

output "secrets" {
  description = "Names of the secrets that must be given their values, by what they open"
  value       = module.platform.secrets
}

output "function" {
  description = "Name of the Lambda that polls"
  value       = module.platform.function
}

output "schedule" {
  description = "Name of the schedule of polls"
  value       = module.platform.schedule
}

output "queue" {
  description = "Name of the dead-letter queue"
  value       = module.platform.queue
}

output "workflow" {
  description = "Name of the Glue workflow"
  value       = module.platform.workflow
}

output "rule" {
  description = "Name of the rule that starts the workflow"
  value       = module.platform.rule
}

output "jobs" {
  description = "Names of the Glue jobs, by their name in workflow.json"
  value       = module.platform.jobs
}

output "migrate_job" {
  description = "Name of the Glue job that makes or migrates the warehouse; run it before the first load"
  value       = module.platform.migrate_job
}

output "databases" {
  description = "Names of the Data Catalog's databases"
  value       = module.platform.databases
}

output "workgroup" {
  description = "Name of the Athena workgroup"
  value       = module.platform.workgroup
}

output "topic" {
  description = "ARN of the topic that gets every alarm"
  value       = module.platform.topic
}

output "alarms" {
  description = "Names of the alarms, by what they watch"
  value       = module.platform.alarms
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard"
  value       = module.platform.dashboard
}

output "quicksight_dashboard" {
  description = "Id of the dashboard in QuickSight, if there is one"
  value       = module.platform.quicksight_dashboard
}

output "key" {
  description = "ARN of the key that encrypts everything"
  value       = module.platform.key
}
