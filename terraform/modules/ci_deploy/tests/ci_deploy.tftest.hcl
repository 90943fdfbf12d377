# The real provider needs no account to plan policy documents; a mocked one would make them random.
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
  name       = "totesys"
  deployment = "dev"
  prefix     = "totesys-dev"
  tags       = { project = "totesys", environment = "dev" }
  subject    = "ref:refs/heads/main"
  github     = { repository = "owner/warehouse", provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }

  state = {
    bucket  = { arn = "arn:aws:s3:::totesys-state-123456789012" }
    backend = { kms_key_id = "arn:aws:kms:eu-west-2:123456789012:key/one" }
  }

  services = {}
}

run "dev" {
  module {
    source = "../ci_services"
  }
}

run "a_deployment_creates_roles_only_below_its_boundary" {
  command = plan

  variables {
    services = run.dev.services
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.deploy.json).Statement :
      try(statement.Condition.StringEquals["iam:PermissionsBoundary"] == "arn:aws:iam::123456789012:policy/totesys-dev-boundary", false)
      if length(setintersection(flatten([statement.Action]), ["iam:*", "iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"])) > 0
    ])
    error_message = "A deployment could give itself more rights than it has."
  }

  assert {
    condition = length(setintersection(
      flatten([for statement in jsondecode(data.aws_iam_policy_document.deploy.json).Statement : statement.Action]),
      ["iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:CreateUser", "iam:CreatePolicy"],
    )) == 0
    error_message = "A deployment could remove the boundary."
  }

  assert {
    condition = alltrue([
      for action in flatten([for statement in jsondecode(data.aws_iam_policy_document.boundary.json).Statement : statement.Action]) : !can(regex("^(iam|sts|organizations):|^\\*", action))
    ])
    error_message = "A role below the boundary could grant rights."
  }
}

run "a_deployment_reaches_only_resources_with_its_name_or_its_tags" {
  command = plan

  variables {
    services = run.dev.services
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.deploy.json).Statement : [
        for resource in flatten([statement.Resource]) : resource
        if !can(regex("totesys[-_]dev", resource))
      ] if !can(statement.Condition)
      ])) == toset([
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
      "arn:aws:s3:::totesys-state-123456789012/dev/*",
    ])
    error_message = "A deployment could change resources of another owner."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.deploy.json).Statement : [
        for action in flatten([statement.Action]) : action if !can(regex(":(Describe|Get|List)", action))
      ] if !can(statement.Condition) && length(setintersection(flatten([statement.Resource]), concat(["*"], run.dev.services.Keys.resources))) > 0
      ])) == toset([
      "glue:CreateSecurityConfiguration", "glue:DeleteSecurityConfiguration", "logs:DeleteResourcePolicy",
      "logs:PutResourcePolicy", "quicksight:CreateVPCConnection", "sns:SetSubscriptionAttributes", "sns:Unsubscribe",
    ])
    error_message = "A deployment could change resources of another owner without need."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.deploy.json).Statement : statement.Condition.StringEquals
      if statement.Sid == "ChangeTagged"
    ] == [{ "aws:ResourceTag/project" = "totesys", "aws:ResourceTag/environment" = "dev" }]
    error_message = "A deployment could change resources without a name regardless of their tags."
  }
}

run "a_deployment_changes_only_its_own_resources_in_a_network" {
  command = plan

  variables {
    services = run.dev.services
  }

  # AWS also checks the group of a rule and the endpoint itself: their statements have conditions.
  assert {
    condition = toset(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.deploy.json).Statement : [
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
    ])
    error_message = "A deployment could change groups or endpoints of another owner."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.deploy.json).Statement : [statement.Sid, statement.Condition]
      if anytrue([for action in flatten([statement.Action]) : startswith(action, "ec2:")]) && can(statement.Condition)
      ] == [
      ["TagNewInNetwork", { StringEquals = { "ec2:CreateAction" = [
        "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateSecurityGroup", "CreateVpcEndpoint",
      ] } }],
      ["CreateInNetwork", { StringEquals = { "aws:RequestTag/project" = "totesys", "aws:RequestTag/environment" = "dev" } }],
      ["ChangeInNetwork", { StringEquals = { "aws:ResourceTag/project" = "totesys", "aws:ResourceTag/environment" = "dev" } }],
    ]
    error_message = "A deployment could change or create network resources without its tags."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.deploy.json).Statement : statement.Sid
      if contains(flatten([statement.Action]), "ec2:CreateTags")
    ] == ["TagNewInNetwork"]
    error_message = "A deployment could tag resources of another owner, and then change them."
  }
}

run "a_deployment_changes_only_its_own_resources_in_quicksight" {
  command = plan

  variables {
    services = run.dev.services
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_policy.quicksight.policy).Statement : [
        for resource in flatten([statement.Resource]) : strcontains(resource, "totesys-dev")
      ] if flatten([statement.Action]) != ["iam:GetRole"]
    ]))
    error_message = "A deployment could change resources of another owner."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.quicksight.policy).Statement : flatten([statement.Action]) == ["iam:GetRole"]
      if anytrue([for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:iam:")])
    ])
    error_message = "A deployment could change the rights of QuickSight in the whole account."
  }
}

run "a_deployment_reads_no_secret_except_that_of_readers" {
  command = plan

  variables {
    services = run.dev.services
  }

  # QuickSight checks that the creator of a data source may read its secret.
  assert {
    condition = flatten([
      for statement in concat(
        jsondecode(data.aws_iam_policy_document.deploy.json).Statement,
        jsondecode(aws_iam_policy.quicksight.policy).Statement,
      ) : statement.Resource
      if anytrue([for action in flatten([statement.Action]) : can(regex("^secretsmanager:(\\*|Get\\*|GetSecret|BatchGet)", action))])
    ]) == ["arn:aws:secretsmanager:eu-west-2:123456789012:secret:totesys-dev/warehouse-reader-*"]
    error_message = "A deployment could read the password of a user that writes, or cannot read the one that QuickSight needs."
  }
}

run "iam_accepts_the_managed_policies" {
  command = plan

  variables {
    services = run.dev.services
  }

  assert {
    condition     = alltrue([for policy in [aws_iam_policy.boundary, aws_iam_policy.quicksight] : length(jsonencode(jsondecode(policy.policy))) < 6144])
    error_message = "A managed policy has at most 6,144 characters."
  }
}

run "a_pull_request_cannot_deploy" {
  command = plan

  variables {
    services = run.dev.services
    subject  = "pull_request"
  }

  expect_failures = [var.subject]
}

run "the_name_of_the_plan_role_is_refused" {
  command = plan

  variables {
    services   = run.dev.services
    deployment = "plan"
  }

  expect_failures = [var.deployment]
}

run "a_prefix_that_matches_the_roles_is_refused" {
  command = plan

  variables {
    services = run.dev.services
    prefix   = "totesys"
  }

  expect_failures = [var.prefix]
}
