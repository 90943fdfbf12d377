output "arns" {
  description = "ARNs of the roles by kind of job: build, load, migrate"
  value       = { for kind, role in aws_iam_role.this : kind => role.arn }

  depends_on = [aws_iam_role_policy.this]
}
