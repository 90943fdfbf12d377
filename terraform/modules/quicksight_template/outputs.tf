output "arn" {
  description = "ARN of the template"
  value       = aws_quicksight_template.this.arn
}

output "digest" {
  description = "What the definition is known by: another one for every other definition"
  value       = local.digest
}
