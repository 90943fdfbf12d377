# The role of workflows that plan pull requests. The author of a pull request controls the code that runs
# under this role, so it reads the configuration of resources, but no data and no secrets.

locals {
  services = values(var.services)

  # service -> actions and resources of all deployments
  readable = { for service, grant in local.services[0] : service => {
    actions   = grant.read
    resources = distinct(flatten([for services in local.services : services[service].resources]))
  } if length(grant.read) > 0 }
}

module "role" {
  source = "../ci_role"

  name         = "${var.name}-ci-plan"
  repository   = var.github.repository
  subject      = "pull_request"
  provider_arn = var.github.provider_arn
  policy       = data.aws_iam_policy_document.plan.json
}

data "aws_iam_policy_document" "plan" {
  #checkov:skip=CKV_AWS_356:AWS does not restrict these reads to a resource, or names the resources by number

  dynamic "statement" {
    for_each = local.readable

    content {
      sid       = "Read${statement.key}"
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  # A plan compares the checksums of the packages, which are encrypted like the packages.
  statement {
    sid       = "DecryptArtifacts"
    actions   = ["kms:Decrypt"]
    resources = local.services[0].Keys.resources

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values = flatten([for services in local.services : [
        for objects in services.S3Artifacts.resources : [objects, trimsuffix(objects, "/*")]
      ]])
    }
  }

  statement {
    sid       = "ReadStates"
    actions   = ["s3:GetObject"]
    resources = [for deployment in keys(var.services) : "${var.state.bucket.arn}/${deployment}/*"]
  }

  statement {
    sid       = "FindStates"
    actions   = ["s3:ListBucket"]
    resources = [var.state.bucket.arn]
  }

  statement {
    sid       = "DecryptStates"
    actions   = ["kms:Decrypt"]
    resources = [var.state.backend.kms_key_id]
  }
}
