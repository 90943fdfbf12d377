output "arns" {
  description = "The roles, by what their jobs do: build, load, migrate"
  value       = { for role, made in aws_iam_role.this : role => made.arn }

  depends_on = [aws_iam_role_policy.this]
}

output "security_configuration" {
  description = "Name of the security configuration by which the jobs' logs are found"
  value       = aws_glue_security_configuration.this.name

  depends_on = [aws_cloudwatch_log_group.this]
}
