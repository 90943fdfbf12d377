output "security_group_id" {
  description = "Security group of the Lambda function and the Glue workers"
  value       = aws_security_group.workers.id
}
