output "role" {
  description = "ARN of the role"
  value       = module.role.arn
}

output "boundary" {
  description = "ARN of the permissions boundary that all roles of the deployment must have"
  value       = local.boundary_arn

  depends_on = [aws_iam_policy.boundary]
}
