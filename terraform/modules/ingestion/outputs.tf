output "function" {
  description = "The function that polls"
  value       = { name = aws_lambda_function.this.function_name, arn = aws_lambda_function.this.arn }
}

output "queue" {
  description = "The dead-letter queue of failed polls"
  value       = { name = aws_sqs_queue.dead_letters.name, arn = aws_sqs_queue.dead_letters.arn }
}

output "schedule_name" {
  description = "The schedule of polls"
  value       = module.schedule.name
}

output "role_name" {
  description = "The role of the function"
  value       = aws_iam_role.function.name
}

output "log_group" {
  description = "The log of the function, which carries its metrics too"
  value       = aws_cloudwatch_log_group.this.name
}
