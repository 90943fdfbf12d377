# A role that one kind of workflow of GitHub Actions assumes with the token of its run. No credential is
# stored.

locals {
  github = "token.actions.githubusercontent.com"
}

data "aws_iam_policy_document" "trust" {
  #checkov:skip=CKV_AWS_358:The validation of the variable repository refuses wildcards
  statement {
    sid     = "AssumeFromGitHub"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github}:sub"
      values   = ["repo:${var.repository}:${var.subject}"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  description        = "GitHub Actions of ${var.repository}, as ${var.subject}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  name   = "terraform"
  role   = aws_iam_role.this.id
  policy = var.policy
}
