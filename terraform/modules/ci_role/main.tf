# The roles that GitHub Actions works under, without a stored credential: one that plans pull
# requests and only reads, and one for each deployment, which changes what has its prefix.
# services.json says, by service, what reads, what changes, and what the platform does when it runs.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  # computed, so that a plan shows every policy
  github     = "token.actions.githubusercontent.com"
  provider   = "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.github}"
  boundaries = { for key, deployment in var.deployments : key => "arn:${local.partition}:iam::${local.account}:policy/${deployment.prefix}-boundary" }
  keys       = "arn:${local.partition}:kms:${local.region}:${local.account}:key/*"
  network    = "arn:${local.partition}:ec2:${local.region}:${local.account}"

  rule_changes = [
    "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:ModifySecurityGroupRules",
    "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress", "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
  ]

  subjects = merge(
    { plan = "pull_request" },
    { for key, deployment in var.deployments : key => deployment.subject },
  )

  services = { for key, deployment in var.deployments : key => jsondecode(templatefile(
    "${path.module}/services.json", {
      partition = local.partition
      account   = local.account
      region    = local.region
      prefix    = deployment.prefix
      database  = replace(deployment.prefix, "-", "_")
    }
  )) }

  # service -> what a plan of any deployment reads
  readable = { for service in keys(values(local.services)[0]) : service => {
    actions   = values(local.services)[0][service].read
    resources = distinct(flatten([for services in values(local.services) : services[service].resources]))
  } if can(values(local.services)[0][service].read) }
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.make_oidc_provider ? 1 : 0

  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  #checkov:skip=CKV_AWS_358:The repository is a variable, and its validation refuses wildcards
  for_each = local.subjects

  statement {
    sid     = "AssumeFromGitHub"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github}:sub"
      values   = ["repo:${var.repository}:${each.value}"]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.subjects

  name               = "${var.name}-ci-${each.key}"
  description        = "GitHub Actions of ${var.repository}, as ${each.value}"
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy" "this" {
  for_each = local.subjects

  name   = "terraform"
  role   = aws_iam_role.this[each.key].id
  policy = each.key == "plan" ? data.aws_iam_policy_document.plan.json : data.aws_iam_policy_document.deploy[each.key].json
}

# Whoever opens a pull request decides what runs under this role. So it reads how things are set up,
# and neither data nor secrets.
data "aws_iam_policy_document" "plan" {
  #checkov:skip=CKV_AWS_356:Only what AWS cannot restrict to a resource, or names by numbers, is read everywhere

  dynamic "statement" {
    for_each = local.readable

    content {
      sid       = "Read${statement.key}"
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  # The checksums that a plan compares are encrypted as the packages themselves are.
  statement {
    sid       = "DecryptArtifacts"
    actions   = ["kms:Decrypt"]
    resources = [local.keys]

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values = flatten([for services in values(local.services) : [
        for objects in services.S3Artifacts.resources : [objects, trimsuffix(objects, "/*")]
      ]])
    }
  }

  statement {
    sid       = "ReadStates"
    actions   = ["s3:GetObject"]
    resources = [for key in keys(var.deployments) : "${var.state_bucket_arn}/${key}/*"]
  }

  statement {
    sid       = "FindStates"
    actions   = ["s3:ListBucket"]
    resources = [var.state_bucket_arn]
  }

  statement {
    sid       = "DecryptStates"
    actions   = ["kms:Decrypt"]
    resources = [var.state_key_arn]
  }
}

# A policy of its own, because those that are part of a role have 10,240 characters together.
data "aws_iam_policy_document" "quicksight" {
  #checkov:skip=CKV_AWS_108:QuickSight asks whoever makes a data source for the right to its secret, that of readers
  for_each = var.deployments

  dynamic "statement" {
    for_each = { for service, grant in local.services[each.key] : service => grant if startswith(service, "QuickSight") }

    content {
      sid       = "Deploy${statement.key}"
      actions   = concat(statement.value.read, try(statement.value.change, []))
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_policy" "quicksight" {
  for_each = var.deployments

  name        = "${aws_iam_role.this[each.key].name}-quicksight"
  description = "What a deployment of ${each.value.prefix} does in QuickSight"
  policy      = data.aws_iam_policy_document.quicksight[each.key].json
}

resource "aws_iam_role_policy_attachment" "quicksight" {
  for_each = var.deployments

  role       = aws_iam_role.this[each.key].name
  policy_arn = aws_iam_policy.quicksight[each.key].arn
}

data "aws_iam_policy_document" "deploy" {
  #checkov:skip=CKV_AWS_109:A deployment sets policies; of roles only below its boundary
  #checkov:skip=CKV_AWS_111:What has no prefix in its name is told by its tags, where AWS knows any
  #checkov:skip=CKV_AWS_356:What has no prefix in its name is told by its tags, where AWS knows any
  for_each = var.deployments

  dynamic "statement" {
    for_each = {
      for service, grant in local.services[each.key] : service => grant
      if can(grant.read) && !startswith(service, "QuickSight")
    }

    content {
      sid       = "Deploy${statement.key}"
      actions   = concat(statement.value.read, try(statement.value.change, []))
      resources = statement.value.resources
    }
  }

  # A role made here can be given to code made here, so it must not be able to do more than the
  # platform needs: no deployment can give itself more rights than it was given.
  statement {
    sid       = "GrantBelowBoundary"
    actions   = ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = local.services[each.key].Roles.resources

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundaries[each.key]]
    }
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = local.services[each.key].Roles.resources

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
      for_each = each.value.tags

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # Whoever may tag a key that stands already makes it its own, so only one without an alias: a key
  # has none as it is made.
  statement {
    sid       = "TagNewKeys"
    actions   = ["kms:TagResource"]
    resources = [local.keys]

    condition {
      test     = "Null"
      variable = "kms:ResourceAliases"
      values   = ["true"]
    }

    dynamic "condition" {
      for_each = each.value.tags

      content {
        test     = "StringEquals"
        variable = "aws:RequestTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # The same of the network: as a thing is made, never afterwards.
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
      for_each = each.value.tags

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
      for_each = each.value.tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # AWS asks for each of these besides the thing itself, which the statements above restrict. None is
  # of the deployment: a network that others made, and rules, which have no tags as a group is made.
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
      for_each = each.value.tags

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.key}"
        values   = [condition.value]
      }
    }
  }

  # An alias has no tags, and needs the same right as its key.
  statement {
    sid       = "NameKeys"
    actions   = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
    resources = ["arn:${local.partition}:kms:${local.region}:${local.account}:alias/${each.value.prefix}*"]
  }

  statement {
    sid       = "KeepState"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"] # of deletes the bucket lets only locks pass
    resources = ["${var.state_bucket_arn}/${each.key}/*"]
  }

  statement {
    sid       = "FindState"
    actions   = ["s3:ListBucket"]
    resources = [var.state_bucket_arn]
  }

  statement {
    sid       = "EncryptState"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.state_key_arn]
  }
}

# The most that a role of the deployment can do, whatever its own policies say.
data "aws_iam_policy_document" "boundary" {
  #checkov:skip=CKV_AWS_111:A boundary grants nothing; the roles' own policies are narrower
  #checkov:skip=CKV_AWS_356:A boundary grants nothing; the roles' own policies are narrower
  for_each = var.deployments

  dynamic "statement" {
    for_each = { for service, grant in local.services[each.key] : service => grant if can(grant.run) }

    content {
      sid       = "Run${statement.key}"
      actions   = statement.value.run
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_policy" "boundary" {
  for_each = var.deployments

  name        = "${each.value.prefix}-boundary"
  description = "The most that roles of ${each.value.prefix} can do"
  policy      = data.aws_iam_policy_document.boundary[each.key].json
}
