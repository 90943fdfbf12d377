output "arn" {
  description = "ARN of the template"
  value       = one(values(aws_quicksight_template.this)).arn
}

output "id" {
  description = "Id of the template, which depends on its definition"
  value       = one(values(aws_quicksight_template.this)).template_id
}
