# A plan of new things asks AWS nothing, so the real provider works without an account; a mocked one
# would make the documents of policies random.
provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  name             = "totesys"
  repository       = "owner/warehouse"
  state_bucket_arn = "arn:aws:s3:::totesys-state-123456789012"
  state_key_arn    = "arn:aws:kms:eu-west-2:123456789012:key/one"

  deployments = {
    dev = {
      prefix  = "totesys-dev"
      tags    = { project = "totesys", environment = "dev" }
      subject = "ref:refs/heads/main"
    }
    prod = {
      prefix  = "totesys-prod"
      tags    = { project = "totesys", environment = "prod" }
      subject = "environment:prod"
    }
  }
}

run "each_role_trusts_one_subject_of_one_repository" {
  command = plan

  assert {
    condition = { for key, role in aws_iam_role.this : key => jsondecode(role.assume_role_policy).Statement } == {
      for key, subject in { plan = "pull_request", dev = "ref:refs/heads/main", prod = "environment:prod" } : key => [{
        Sid       = "AssumeFromGitHub"
        Effect    = "Allow"
        Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = { StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:owner/warehouse:${subject}"
        } }
      }]
    }
    error_message = "Somebody else may assume a role, or nobody can."
  }
}

run "a_plan_only_reads" {
  command = plan

  assert {
    condition = alltrue([
      for action in flatten([for statement in jsondecode(aws_iam_role_policy.this["plan"].policy).Statement : statement.Action]) :
      can(regex("^(athena|cloudwatch|ec2|events|glue|iam|kms|lambda|logs|quicksight|s3|scheduler|secretsmanager|sns|sqs):(Describe|Get|List)", action)) || action == "kms:Decrypt"
    ])
    error_message = "A pull request could change something."
  }
}

run "a_plan_reads_neither_data_nor_secrets" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.this["plan"].policy).Statement : statement.Resource
      if length(setintersection(flatten([statement.Action]), ["s3:GetObject", "s3:Get*", "s3:*"])) > 0
      ])) == toset([
      "arn:aws:s3:::totesys-dev-artifacts-123456789012/*",
      "arn:aws:s3:::totesys-prod-artifacts-123456789012/*",
      "arn:aws:s3:::totesys-state-123456789012/dev/*",
      "arn:aws:s3:::totesys-state-123456789012/prod/*",
    ])
    error_message = "A pull request could read objects besides packages and states."
  }

  assert {
    condition = length([
      for action in flatten([for statement in jsondecode(aws_iam_role_policy.this["plan"].policy).Statement : statement.Action]) : action
      if can(regex("^(secretsmanager:(\\*|Get\\*|GetSecret|BatchGet)|logs:(\\*|Get|Filter)|athena:(\\*|Get\\*|GetQueryR)|sqs:(\\*|Receive))", action))
    ]) == 0
    error_message = "A pull request could read secrets, logs, results or messages."
  }
}

run "a_deployment_makes_roles_only_below_its_boundary" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for key in ["dev", "prod"] : [
        for statement in jsondecode(aws_iam_role_policy.this[key].policy).Statement :
        try(statement.Condition.StringEquals["iam:PermissionsBoundary"] == "arn:aws:iam::123456789012:policy/totesys-${key}-boundary", false)
        if length(setintersection(flatten([statement.Action]), ["iam:*", "iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"])) > 0
      ]
    ]))
    error_message = "A deployment could give itself more rights than it has."
  }

  assert {
    condition = length(setintersection(
      flatten([for key in ["dev", "prod"] : [for statement in jsondecode(aws_iam_role_policy.this[key].policy).Statement : statement.Action]]),
      ["iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:CreateUser", "iam:CreatePolicy"],
    )) == 0
    error_message = "A deployment could take the boundary away."
  }

  assert {
    condition = alltrue(flatten([for document in values(data.aws_iam_policy_document.boundary) : [
      for action in flatten([for statement in jsondecode(document.json).Statement : statement.Action]) : !can(regex("^(iam|sts|organizations):|^\\*", action))
    ]]))
    error_message = "A role below the boundary could give rights."
  }
}

run "a_deployment_reaches_only_what_has_its_name_or_its_tags" {
  command = plan

  assert {
    condition = { for key in ["dev", "prod"] : key => toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.this[key].policy).Statement : [
        for resource in flatten([statement.Resource]) : resource
        if !can(regex("totesys[-_]${key}", resource))
      ] if !can(statement.Condition)
      ])) } == { for key in ["dev", "prod"] : key => toset([
      "*",                                                # DeployWithoutNames: the next assertion
      "arn:aws:ec2:eu-west-2:123456789012:route-table/*", # these five: the next run
      "arn:aws:ec2:eu-west-2:123456789012:security-group-rule/*",
      "arn:aws:ec2:eu-west-2:123456789012:security-group/*",
      "arn:aws:ec2:eu-west-2:123456789012:subnet/*",
      "arn:aws:ec2:eu-west-2:123456789012:vpc/*",
      "arn:aws:glue:eu-west-2:123456789012:catalog",
      "arn:aws:kms:eu-west-2:123456789012:key/*", # DeployKeys, which only reads
      "arn:aws:kms:eu-west-2:123456789012:key/one",
      "arn:aws:s3:::totesys-state-123456789012",
      "arn:aws:s3:::totesys-state-123456789012/${key}/*",
    ]) }
    error_message = "A deployment could change what is not its own."
  }

  assert {
    condition = alltrue([for key in ["dev", "prod"] : toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.this[key].policy).Statement : [
        for action in flatten([statement.Action]) : action if !can(regex(":(Describe|Get|List)", action))
      ] if !can(statement.Condition) && length(setintersection(flatten([statement.Resource]), ["*", local.keys])) > 0
      ])) == toset([
      "glue:CreateSecurityConfiguration", "glue:DeleteSecurityConfiguration", "logs:DeleteResourcePolicy",
      "logs:PutResourcePolicy", "quicksight:CreateVPCConnection", "sns:SetSubscriptionAttributes", "sns:Unsubscribe",
    ])])
    error_message = "A deployment changes things of others, without need."
  }

  assert {
    condition = alltrue(flatten([for key in ["dev", "prod"] : [
      for statement in jsondecode(aws_iam_role_policy.this[key].policy).Statement :
      statement.Condition.StringEquals == { "aws:ResourceTag/project" = "totesys", "aws:ResourceTag/environment" = key }
      if statement.Sid == "ChangeTagged"
    ]]))
    error_message = "What has no name is changed whatever its tags say."
  }
}

run "a_deployment_changes_only_its_own_in_a_network" {
  command = plan

  # Besides, AWS asks for the group of a rule and for the endpoint itself: they have conditions.
  assert {
    condition = alltrue([for key in ["dev", "prod"] : toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.this[key].policy).Statement : [
        for pair in setproduct(flatten([statement.Action]), flatten([statement.Resource])) :
        "${trimprefix(pair[0], "ec2:")} ${reverse(split(":", pair[1]))[0]}"
        if startswith(pair[0], "ec2:") && !startswith(pair[0], "ec2:Describe")
      ] if !can(statement.Condition)
      ])) == toset([
      "CreateSecurityGroup vpc/*", "CreateVpcEndpoint vpc/*",
      "CreateVpcEndpoint route-table/*", "CreateVpcEndpoint security-group/*", "CreateVpcEndpoint subnet/*",
      "ModifyVpcEndpoint route-table/*", "ModifyVpcEndpoint security-group/*", "ModifyVpcEndpoint subnet/*",
      "AuthorizeSecurityGroupEgress security-group-rule/*", "AuthorizeSecurityGroupIngress security-group-rule/*",
      "ModifySecurityGroupRules security-group-rule/*",
      "RevokeSecurityGroupEgress security-group-rule/*", "RevokeSecurityGroupIngress security-group-rule/*",
      "UpdateSecurityGroupRuleDescriptionsEgress security-group-rule/*",
      "UpdateSecurityGroupRuleDescriptionsIngress security-group-rule/*",
    ])])
    error_message = "A deployment could change groups or endpoints of others."
  }

  assert {
    condition = { for key in ["dev", "prod"] : key => [
      for statement in jsondecode(aws_iam_role_policy.this[key].policy).Statement : [statement.Sid, statement.Condition]
      if anytrue([for action in flatten([statement.Action]) : startswith(action, "ec2:")]) && can(statement.Condition)
      ] } == { for key in ["dev", "prod"] : key => [
      ["TagNewInNetwork", { StringEquals = { "ec2:CreateAction" = [
        "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateSecurityGroup", "CreateVpcEndpoint",
      ] } }],
      ["CreateInNetwork", { StringEquals = { "aws:RequestTag/project" = "totesys", "aws:RequestTag/environment" = key } }],
      ["ChangeInNetwork", { StringEquals = { "aws:ResourceTag/project" = "totesys", "aws:ResourceTag/environment" = key } }],
    ] }
    error_message = "A deployment could take what is not its own, or make what is not its own."
  }

  assert {
    condition = alltrue(flatten([for key in ["dev", "prod"] : [
      for statement in jsondecode(aws_iam_role_policy.this[key].policy).Statement :
      statement.Sid == "TagNewInNetwork" if contains(flatten([statement.Action]), "ec2:CreateTags")
    ]]))
    error_message = "A deployment could tag what others made, and change it then."
  }
}

run "a_deployment_changes_only_its_own_in_quicksight" {
  command = plan

  assert {
    condition = alltrue(flatten([for key, policy in aws_iam_policy.quicksight : [
      for statement in jsondecode(policy.policy).Statement : [
        for resource in flatten([statement.Resource]) : strcontains(resource, "totesys-${key}")
      ] if flatten([statement.Action]) != ["iam:GetRole"]
    ]]))
    error_message = "A deployment could change what is not its own."
  }

  assert {
    condition = alltrue(flatten([for policy in values(aws_iam_policy.quicksight) : [
      for statement in jsondecode(policy.policy).Statement : flatten([statement.Action]) == ["iam:GetRole"]
      if anytrue([for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:iam:")])
    ]]))
    error_message = "A deployment could change what QuickSight may do in the whole account."
  }
}

run "a_deployment_reads_no_secret_but_that_of_readers" {
  command = plan

  # QuickSight asks whoever makes a data source for the right to its secret.
  assert {
    condition = { for key in ["dev", "prod"] : key => flatten([
      for statement in concat(
        jsondecode(aws_iam_role_policy.this[key].policy).Statement,
        jsondecode(aws_iam_policy.quicksight[key].policy).Statement,
      ) : statement.Resource
      if anytrue([for action in flatten([statement.Action]) : can(regex("^secretsmanager:(\\*|Get\\*|GetSecret|BatchGet)", action))])
      ]) } == { for key in ["dev", "prod"] : key => [
      "arn:aws:secretsmanager:eu-west-2:123456789012:secret:totesys-${key}/warehouse-reader-*",
    ] }
    error_message = "A deployment could read the password of a user that writes, or not the one that QuickSight needs."
  }
}

run "iam_takes_the_policies" {
  command = plan

  assert {
    condition     = alltrue([for policy in values(aws_iam_role_policy.this) : length(jsonencode(jsondecode(policy.policy))) < 10240])
    error_message = "A role's own policies have 10,240 characters at most."
  }

  assert {
    condition     = alltrue([for policy in concat(values(aws_iam_policy.boundary), values(aws_iam_policy.quicksight)) : length(jsonencode(jsondecode(policy.policy))) < 6144])
    error_message = "A managed policy has 6,144 characters at most."
  }
}

run "the_provider_may_be_there_already" {
  command = plan

  variables {
    make_oidc_provider = false
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "A second identity provider of GitHub would be refused by AWS."
  }
}

run "wildcards_in_the_repository_are_refused" {
  command = plan

  variables {
    repository = "owner/*"
  }

  expect_failures = [var.repository]
}

run "wildcards_in_a_subject_are_refused" {
  command = plan

  variables {
    deployments = { dev = { prefix = "totesys-dev", tags = { environment = "dev" }, subject = "ref:refs/heads/*" } }
  }

  expect_failures = [var.deployments]
}

run "a_prefix_that_these_roles_have_is_refused" {
  command = plan

  variables {
    deployments = { dev = { prefix = "totesys", tags = { environment = "dev" }, subject = "environment:dev" } }
  }

  expect_failures = [var.deployments]
}
