output "function" {
  description = "Lambda function that polls"
  value       = { name = aws_lambda_function.this.function_name, arn = aws_lambda_function.this.arn }
}

output "queue" {
  description = "Dead-letter queue of failed polls"
  value       = { name = aws_sqs_queue.dead_letters.name, arn = aws_sqs_queue.dead_letters.arn }
}

output "schedule_name" {
  description = "Name of the schedule of polls"
  value       = module.schedule.name
}

output "role_name" {
  description = "Role of the function"
  value       = aws_iam_role.function.name
}

output "log_group" {
  description = "Log group of the function, which also contains its metrics"
  value       = aws_cloudwatch_log_group.this.name
}
