output "name" {
  description = "The bucket's name, once the bucket is as it should be"
  value       = var.name

  depends_on = [aws_s3_bucket_policy.this]
}

output "arn" {
  description = "The bucket's ARN, once the bucket is as it should be"
  value       = local.arn

  depends_on = [aws_s3_bucket_policy.this]
}
