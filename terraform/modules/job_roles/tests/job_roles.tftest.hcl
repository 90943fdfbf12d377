# Plan-time tests of what the jobs may do. That it is enough is tested on the applied stack, in
# tests/cloud.

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
  name        = "totesys-test"
  source_name = "totesys"
  generation  = 2
  catalog     = "totesys_test"
  key_arn     = "arn:aws:kms:eu-west-2:123456789012:key/1"
  artifacts   = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }

  lake = {
    ingestion = { name = "ingestion", arn = "arn:aws:s3:::ingestion" }
    processed = { name = "processed", arn = "arn:aws:s3:::processed" }
  }

  secrets = {
    source           = { name = "source", arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:source" }
    warehouse_loader = { name = "loader", arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:loader" }
    warehouse_owner  = { name = "owner", arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:owner" }
  }
}

run "each_kind_of_job_reads_its_own_secret_and_no_other" {
  command = plan

  assert {
    condition = {
      for role, document in {
        build   = data.aws_iam_policy_document.build
        load    = data.aws_iam_policy_document.load
        migrate = data.aws_iam_policy_document.migrate
        } : role => flatten([
          for statement in document.statement : [for resource in statement.resources : resource]
          if contains(statement.actions, "secretsmanager:GetSecretValue")
      ])
      } == {
      build   = []
      load    = [var.secrets.warehouse_loader.arn]
      migrate = [var.secrets.warehouse_owner.arn]
    }
    error_message = "A job reads a secret that is not its own."
  }
}

run "a_build_writes_its_generation_and_never_the_log_of_loads" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.build.statement : statement.resources
      if contains(statement.actions, "s3:PutObject")
      ])) == toset([
      "arn:aws:s3:::processed/g=2/*/batch=*",
      "arn:aws:s3:::processed/g=2/_log/dimensions/*",
      "arn:aws:s3:::processed/g=2/_log/facts/*",
    ])
    error_message = "A build writes where it has nothing to write."
  }
}

run "a_load_writes_the_log_of_loads_and_nothing_else" {
  command = plan

  assert {
    condition = flatten([
      for statement in data.aws_iam_policy_document.load.statement : [for resource in statement.resources : resource]
      if contains(statement.actions, "s3:PutObject")
    ]) == ["arn:aws:s3:::processed/g=2/_log/load/*"]
    error_message = "A load writes where it has nothing to write."
  }
}

run "only_sparks_scratch_is_ever_deleted" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in [
        data.aws_iam_policy_document.build,
        data.aws_iam_policy_document.load,
        data.aws_iam_policy_document.migrate,
        ] : [
        for statement in document.statement : [
          for resource in statement.resources :
          can(regex("^arn:aws:s3:::processed/g=2/\\*/batch=\\*/(_temporary/\\*|__magic\\*|)$", resource))
        ] if length([for action in statement.actions : action if strcontains(action, "Delete")]) > 0
      ]
    ]))
    error_message = "A job may delete what was committed."
  }
}

run "partitions_are_registered_in_the_two_databases" {
  command = plan

  assert {
    condition = one([
      for statement in data.aws_iam_policy_document.load.statement : statement.resources
      if statement.sid == "RegisterPartitions"
      ]) == toset([
      "arn:aws:glue:eu-west-2:123456789012:catalog",
      "arn:aws:glue:eu-west-2:123456789012:database/totesys_test_ingestion",
      "arn:aws:glue:eu-west-2:123456789012:database/totesys_test_processed_g2",
      "arn:aws:glue:eu-west-2:123456789012:table/totesys_test_ingestion/*",
      "arn:aws:glue:eu-west-2:123456789012:table/totesys_test_processed_g2/*",
    ])
    error_message = "The load reaches other tables than its own."
  }
}

run "without_a_catalog_the_load_has_no_business_there" {
  command = plan

  variables {
    catalog = ""
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.load.statement : statement.sid != "RegisterPartitions"
    ])
    error_message = "The load may change a catalog that there is not."
  }
}

run "only_metrics_are_about_every_resource" {
  command = plan

  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.every_job : [
        for statement in document.statement : statement.sid if contains(statement.resources, "*")
      ] == ["WriteMetrics"]
    ])
    error_message = "A statement is about every resource without need."
  }

  assert {
    condition = alltrue(flatten([
      for document in concat(
        values(data.aws_iam_policy_document.every_job),
        data.aws_iam_policy_document.in_vpc,
        [data.aws_iam_policy_document.build, data.aws_iam_policy_document.load, data.aws_iam_policy_document.migrate],
      ) : [for statement in document.statement : [for action in statement.actions : !strcontains(action, "*")]]
    ]))
    error_message = "A role has actions that nobody has named."
  }
}

run "in_a_vpc_also_what_describes_it_is" {
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
    error_message = "A statement is about every resource without need."
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
    error_message = "Jobs may be placed elsewhere."
  }
}

run "the_log_groups_are_those_that_glue_writes_to" {
  command = plan

  assert {
    condition = toset([for group in aws_cloudwatch_log_group.this : group.name]) == toset(flatten([
      for role in ["build", "load", "migrate"] : [
        for stream in ["error", "output"] : "/aws-glue/jobs/totesys-test-role/totesys-test-glue-${role}/${stream}"
      ]
    ]))
    error_message = "Glue would make log groups of its own, which keep logs for ever."
  }

  assert {
    condition = alltrue([
      for group in aws_cloudwatch_log_group.this : group.kms_key_id == var.key_arn && group.retention_in_days == 90
    ])
    error_message = "A log is not encrypted, or kept for too long."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    name        = "Totesys"
    source_name = "To-te"
    generation  = 0
    catalog     = "to-te"
    secrets     = {}
    subnet_ids  = ["subnet-1"]
  }

  expect_failures = [
    var.name, var.source_name, var.generation, var.catalog, var.secrets, var.security_group_ids,
  ]
}
