output "security_configuration" {
  description = "Name of the security configuration, which selects the log groups of a job"
  value       = aws_glue_security_configuration.this.name

  depends_on = [aws_cloudwatch_log_group.this]
}

output "output_groups" {
  description = "Names of the log groups with the output of the jobs, by kind of job"
  value       = { for role in keys(var.role_names) : role => aws_cloudwatch_log_group.this["${role}/output"].name }
}
