output "arn" {
  description = "ARN of the provider"
  # computed, so that a plan shows every policy
  value = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/${local.host}"

  depends_on = [aws_iam_openid_connect_provider.this]
}
