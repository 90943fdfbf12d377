# The role that deploys one environment, and the permissions boundary of the roles that it creates. It
# changes resources with its prefix in their names or with its tags.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  place     = "${data.aws_region.current.name}:${local.account}"

  # computed, so that a plan shows every policy
  boundary_arn = "arn:${local.partition}:iam::${local.account}:policy/${var.prefix}-boundary"
  network      = "arn:${local.partition}:ec2:${local.place}"

  rule_changes = [
    "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:ModifySecurityGroupRules",
    "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress", "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
  ]
}

module "role" {
  source = "../ci_role"

  name         = "${var.name}-ci-${var.deployment}"
  repository   = var.github.repository
  subject      = var.subject
  provider_arn = var.github.provider_arn
  policy       = data.aws_iam_policy_document.deploy.json
}

data "aws_iam_policy_document" "deploy" {
  #checkov:skip=CKV_AWS_109:A deployment sets policies; those of roles only below its boundary
  #checkov:skip=CKV_AWS_111:Tags restrict resources without the prefix in their names, if AWS supports tags
  #checkov:skip=CKV_AWS_356:Tags restrict resources without the prefix in their names, if AWS supports tags
  dynamic "statement" {
    for_each = {
      for service, grant in var.services : service => grant
      if length(grant.read) > 0 && !startswith(service, "QuickSight")
    }

    content {
      sid       = "Deploy${statement.key}"
      actions   = concat(statement.value.read, statement.value.change)
      resources = statement.value.resources
    }
  }

  # Code of the deployment can run under the roles that it creates. The boundary limits them, so that no
  # deployment gives itself more rights than it has.
  statement {
    sid       = "GrantBelowBoundary"
    actions   = ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = var.services.Roles.resources

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundary_arn]
    }
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = var.services.Roles.resources

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values = [
        "events.amazonaws.com", "glue.amazonaws.com", "lambda.amazonaws.com", "quicksight.amazonaws.com",
        "scheduler.amazonaws.com",
      ]
    }
  }

  statement {
    sid       = "CreateKeys"
    actions   = ["kms:CreateKey"]
    resources = ["*"]

    dynamic "condition" {
      for_each = var.tags

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # Tags give access to a key, so an existing key must not be tagged. A new key has no alias yet.
  statement {
    sid       = "TagNewKeys"
    actions   = ["kms:TagResource"]
    resources = var.services.Keys.resources

    condition {
      test     = "Null"
      variable = "kms:ResourceAliases"
      values   = ["true"]
    }

    dynamic "condition" {
      for_each = var.tags

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # For the same reason, network resources are tagged only when they are created.
  statement {
    sid       = "TagNewInNetwork"
    actions   = ["ec2:CreateTags"]
    resources = [for kind in ["security-group", "security-group-rule", "vpc-endpoint"] : "${local.network}:${kind}/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values = [
        "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateSecurityGroup", "CreateVpcEndpoint",
      ]
    }
  }

  statement {
    sid       = "CreateInNetwork"
    actions   = ["ec2:CreateSecurityGroup", "ec2:CreateVpcEndpoint"]
    resources = [for kind in ["security-group", "vpc-endpoint"] : "${local.network}:${kind}/*"]

    dynamic "condition" {
      for_each = var.tags

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid = "ChangeInNetwork"
    actions = concat(local.rule_changes, [
      "ec2:DeleteSecurityGroup", "ec2:DeleteTags", "ec2:DeleteVpcEndpoints", "ec2:ModifyVpcEndpoint",
    ])
    resources = [for kind in ["security-group", "security-group-rule", "vpc-endpoint"] : "${local.network}:${kind}/*"]

    dynamic "condition" {
      for_each = var.tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # AWS also checks these resources of other owners: the network, and rules, which have no tags when
  # their group is created. The statements above restrict the resource that is created or changed.
  statement {
    sid       = "CreateInNetworksOfOthers"
    actions   = ["ec2:CreateSecurityGroup", "ec2:CreateVpcEndpoint"]
    resources = ["${local.network}:vpc/*"]
  }

  statement {
    sid       = "AttachEndpoints"
    actions   = ["ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint"]
    resources = [for kind in ["route-table", "security-group", "subnet"] : "${local.network}:${kind}/*"]
  }

  statement {
    sid       = "ChangeRulesOfGroups"
    actions   = local.rule_changes
    resources = ["${local.network}:security-group-rule/*"]
  }

  statement {
    sid = "ChangeTagged"
    actions = [
      "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:EnableKeyRotation",
      "kms:GenerateDataKey", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:TagResource",
      "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    dynamic "condition" {
      for_each = var.tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # An alias has no tags. AWS checks the same action on the alias and on its key.
  statement {
    sid       = "NameKeys"
    actions   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
    resources = ["arn:${local.partition}:kms:${local.place}:alias/${var.prefix}*"]
  }

  statement {
    sid       = "KeepState"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"] # the bucket allows deletes of locks only
    resources = ["${var.state.bucket.arn}/${var.deployment}/*"]
  }

  statement {
    sid       = "FindState"
    actions   = ["s3:ListBucket"]
    resources = [var.state.bucket.arn]
  }

  statement {
    sid       = "EncryptState"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.state.backend.kms_key_id]
  }
}

# A managed policy, because the inline policies of a role have at most 10,240 characters in all.
data "aws_iam_policy_document" "quicksight" {
  #checkov:skip=CKV_AWS_108:QuickSight checks that the creator of a data source may read its secret, that of readers

  dynamic "statement" {
    for_each = { for service, grant in var.services : service => grant if startswith(service, "QuickSight") }

    content {
      sid       = "Deploy${statement.key}"
      actions   = concat(statement.value.read, statement.value.change)
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_policy" "quicksight" {
  name        = "${var.name}-ci-${var.deployment}-quicksight"
  description = "QuickSight actions of the deployment of ${var.prefix}"
  policy      = data.aws_iam_policy_document.quicksight.json
}

resource "aws_iam_role_policy_attachment" "quicksight" {
  role       = module.role.name
  policy_arn = aws_iam_policy.quicksight.arn
}

# The maximum permissions of the roles of the deployment, regardless of their own policies.
data "aws_iam_policy_document" "boundary" {
  #checkov:skip=CKV_AWS_111:A boundary grants nothing; the policies of the roles are narrower
  #checkov:skip=CKV_AWS_356:A boundary grants nothing; the policies of the roles are narrower

  dynamic "statement" {
    for_each = { for service, grant in var.services : service => grant if length(grant.run) > 0 }

    content {
      sid       = "Run${statement.key}"
      actions   = statement.value.run
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_policy" "boundary" {
  name        = "${var.prefix}-boundary"
  description = "Maximum permissions of the roles of ${var.prefix}"
  policy      = data.aws_iam_policy_document.boundary.json
}
