output "roles" {
  description = "The role of plans, and that of each deployment by its name: arguments of role-to-assume"
  value       = { for key, role in aws_iam_role.this : key => role.arn }
}

output "boundaries" {
  description = "The permissions boundary that the roles of each deployment must carry, by its name"
  value       = local.boundaries

  depends_on = [aws_iam_policy.boundary]
}
