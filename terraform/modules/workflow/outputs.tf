output "workflow" {
  description = "Glue workflow"
  value       = { name = aws_glue_workflow.this.name, arn = aws_glue_workflow.this.arn }
}

output "jobs" {
  description = "Names of the Glue jobs by their name in workflow.json, and with single_job that of update_warehouse"
  value = {
    for name, job in aws_glue_job.this : name => job.name
    if !contains(["migrate_warehouse", local.compact_job], name)
  }
}

output "compact_job" {
  description = "Name of the Glue job that publishes and compacts the lake; null without a catalog"
  value       = try(aws_glue_job.this[local.compact_job].name, null)
}

output "migrate_job" {
  description = "Name of the Glue job that creates or migrates the warehouse"
  value       = aws_glue_job.this["migrate_warehouse"].name
}

output "log_groups" {
  description = "Names of the log groups with the output of the jobs of the workflow"
  value       = [for role, name in module.logs.output_groups : name if role != "migrate"]
}

output "rule_name" {
  description = "Name of the rule that starts the workflow"
  value       = aws_cloudwatch_event_rule.this.name
}

output "role_arns" {
  description = "ARNs of the roles of the jobs by kind: build, load, migrate, compact, and with single_job update"
  value       = module.roles.arns
}
