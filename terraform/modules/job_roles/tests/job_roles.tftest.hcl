# The permissions that Glue needs for every job, on plans. tests/cloud shows that they are sufficient.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-2" }
  }
}

variables {
  name      = "totesys-test"
  names     = { for kind in ["build", "load", "migrate"] : kind => "totesys-test-glue-${kind}" }
  policies  = { build = ["{}"], load = ["{}"], migrate = ["{}"] }
  key_arn   = "arn:aws:kms:eu-west-2:123456789012:key/1"
  artifacts = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
}

run "only_encryption_and_metrics_cover_every_resource" {
  command = plan

  variables {
    metrics = true
  }

  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.every_job : [
        for statement in document.statement : statement.sid if contains(statement.resources, "*")
      ] == ["ReadEncryption", "WriteMetrics"]
    ])
    error_message = "A statement covers every resource without need."
  }

  assert {
    condition = alltrue(flatten([
      for document in concat(values(data.aws_iam_policy_document.every_job), data.aws_iam_policy_document.in_vpc) : [
        for statement in document.statement : [for action in statement.actions : !strcontains(action, "*")]
      ]
    ]))
    error_message = "A role has an action that is not listed."
  }
}

run "jobs_read_what_glue_needs_to_start_them_and_send_no_metrics" {
  command = plan

  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.every_job : {
        for statement in document.statement : statement.sid => [statement.actions, statement.resources]
        if !contains(["UseKey", "WriteLog"], statement.sid)
        } == {
        ReadArtifacts  = [toset(["s3:GetObject"]), toset(["arn:aws:s3:::artifacts/glue/*"])]
        ListArtifacts  = [toset(["s3:ListBucket"]), toset(["arn:aws:s3:::artifacts"])]
        ReadEncryption = [toset(["glue:GetSecurityConfiguration"]), toset(["*"])]
      }
    ])
    error_message = "A job cannot start, or may send metrics that are charged."
  }
}

run "in_a_vpc_describe_actions_cover_every_resource" {
  command = plan

  variables {
    subnet_ids         = ["subnet-1"]
    security_group_ids = ["sg-1"]
    connection_arns    = ["arn:aws:glue:eu-west-2:123456789012:connection/totesys-test-subnet-1"]
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.in_vpc[0].statement : statement.sid
      if contains(statement.resources, "*")
    ] == ["DescribeNetwork"]
    error_message = "A statement covers every resource without need."
  }

  assert {
    condition = one([
      for statement in data.aws_iam_policy_document.in_vpc[0].statement : statement.resources
      if statement.sid == "PlaceIntoVpc"
      ]) == toset([
      "arn:aws:ec2:eu-west-2:123456789012:network-interface/*",
      "arn:aws:ec2:eu-west-2:123456789012:subnet/subnet-1",
      "arn:aws:ec2:eu-west-2:123456789012:security-group/sg-1",
    ])
    error_message = "Jobs may be placed into other networks."
  }
}

run "a_job_outside_the_vpc_has_no_access_to_it" {
  command = plan

  variables {
    subnet_ids         = ["subnet-1"]
    security_group_ids = ["sg-1"]
    connection_arns    = ["arn:aws:glue:eu-west-2:123456789012:connection/totesys-test-subnet-1"]
    outside_vpc        = ["migrate"]
  }

  assert {
    condition = {
      for kind, document in data.aws_iam_policy_document.this : kind => length(document.source_policy_documents)
    } == { build = 3, load = 3, migrate = 2 }
    error_message = "A job outside the VPC may use it, or another job may not."
  }
}

run "a_role_has_the_policies_of_its_kind_of_job" {
  command = plan

  variables {
    policies = { build = ["{\"Id\":\"build\"}"], load = ["{}"], migrate = ["{}"] }
  }

  assert {
    condition     = contains(data.aws_iam_policy_document.this["build"].source_policy_documents, "{\"Id\":\"build\"}")
    error_message = "The role of builds does not have the access to data of builds."
  }

  assert {
    condition     = !contains(data.aws_iam_policy_document.this["load"].source_policy_documents, "{\"Id\":\"build\"}")
    error_message = "The role of loads has the access to data of builds."
  }
}

run "invalid_values_are_refused" {
  command = plan

  variables {
    name       = "Totesys"
    subnet_ids = ["subnet-1"]
  }

  expect_failures = [var.name, var.security_group_ids]
}
