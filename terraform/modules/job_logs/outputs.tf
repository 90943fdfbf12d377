output "security_configuration" {
  description = "Name of the security configuration, which selects the log groups of a job"
  value       = aws_glue_security_configuration.this.name

  depends_on = [aws_cloudwatch_log_group.this]
}
