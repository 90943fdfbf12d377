output "name" {
  description = "Name of the bucket, available after all settings are applied"
  value       = var.name

  depends_on = [aws_s3_bucket_policy.this]
}

output "arn" {
  description = "ARN of the bucket, available after all settings are applied"
  value       = local.arn

  depends_on = [aws_s3_bucket_policy.this]
}
