# The OpenID Connect provider by which roles trust the tokens of GitHub Actions.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  host = "token.actions.githubusercontent.com"
}

resource "aws_iam_openid_connect_provider" "this" {
  count = var.create ? 1 : 0

  url            = "https://${local.host}"
  client_id_list = ["sts.amazonaws.com"]
}
