# The function, its schedule and its permissions, on plans. tests/cloud shows that the permissions are
# sufficient.

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

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/any" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-2:123456789012:totesys-test-dead-letters" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-2:123456789012:function:totesys-test-ingestion" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-2:123456789012:log-group:/aws/lambda/totesys-test-ingestion" }
  }
}

variables {
  name        = "totesys-test"
  source_name = "totesys"
  generation  = 2
  package     = "main.tf" # any file: a plan uploads nothing
  artifacts   = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
  key_arn     = "arn:aws:kms:eu-west-2:123456789012:key/1"
  secret      = { name = "totesys-test/source", arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:totesys-test/source-abc" }
  workflow    = { name = "totesys-test", arn = "arn:aws:glue:eu-west-2:123456789012:workflow/totesys-test" }

  lake = {
    ingestion = { name = "ingestion", arn = "arn:aws:s3:::ingestion" }
    processed = { name = "processed", arn = "arn:aws:s3:::processed" }
  }
}

run "polls_do_not_run_concurrently" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 1
    error_message = "Two polls may run concurrently."
  }
}

run "null_reserves_no_concurrency" {
  command = plan

  variables {
    reserved_concurrency = null
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == null
    error_message = "Concurrency is reserved although the variable is null."
  }
}

run "the_environment_has_names_and_no_secret" {
  command = plan

  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      SOURCE_SECRET            = "totesys-test/source"
      INGESTION_BUCKET         = "ingestion"
      PROCESSED_BUCKET         = "processed"
      GENERATION               = "2"
      EVENT_BUS                = "default"
      WORKFLOW                 = "totesys-test"
      MIN_MINUTES_BETWEEN_RUNS = "0"
      PUBLISHES                = "false"
    })
    error_message = "The environment differs from the variables that the handler reads."
  }
}

run "the_event_is_repeated_until_the_load_has_published" {
  command = plan

  variables {
    publishes = true
  }

  assert {
    condition = (
      aws_lambda_function.this.environment[0].variables.PUBLISHES == "true"
      && contains(local.step_logs, "_attempts/publish/*")
    )
    error_message = "The function does not know that the load publishes, or cannot read its attempts."
  }
}

run "a_package_with_certificates_has_their_path_in_the_environment" {
  command = plan

  variables {
    ca_bundle = true
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables.PGSSLROOTCERT == "/var/task/ca.pem"
    error_message = "The function does not receive the path of the certificates."
  }
}

run "the_key_of_the_package_depends_on_its_content" {
  assert {
    condition = (
      aws_s3_object.package.key == "ingestion/${filesha256("main.tf")}/ingestion_lambda.zip"
      && aws_lambda_function.this.s3_key == aws_s3_object.package.key
    )
    error_message = "The key of the package does not depend on its content."
  }
}

run "a_failed_poll_is_retried_and_then_kept_in_the_queue" {
  assert {
    condition = (
      aws_lambda_function_event_invoke_config.this.maximum_retry_attempts == 1
      && aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination == aws_sqs_queue.dead_letters.arn
    )
    error_message = "The event of a failed poll is lost."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_event_age_in_seconds == 5 * 60
    error_message = "A poll may wait until after the next poll is due."
  }

  assert {
    condition = (
      aws_sqs_queue.dead_letters.kms_master_key_id == var.key_arn
      && aws_sqs_queue.dead_letters.message_retention_seconds == 14 * 24 * 3600
    )
    error_message = "The queue is not encrypted with the key of the platform, or its retention is not the maximum."
  }
}

run "the_role_has_only_the_permissions_of_a_poll" {
  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.function.statement :
      [for resource in statement.resources : resource if statement.effect != "Deny"]
      ])) == toset([
      "${aws_cloudwatch_log_group.this.arn}:*",
      var.secret.arn,
      "arn:aws:s3:::ingestion",
      "arn:aws:s3:::ingestion/totesys/*",
      "arn:aws:s3:::ingestion/_log/*",
      "arn:aws:s3:::ingestion/_mirror/*",
      "arn:aws:s3:::ingestion/_audits/*",
      "arn:aws:s3:::ingestion/_name",
      "arn:aws:s3:::ingestion/_attempts/poll/*",
      "arn:aws:s3:::processed",
      "arn:aws:s3:::processed/g=2/_log/*",
      var.key_arn,
      "arn:aws:events:eu-west-2:123456789012:event-bus/default",
      var.workflow.arn,
      aws_sqs_queue.dead_letters.arn,
    ])
    error_message = "The role has more or fewer permissions than a poll needs."
  }

  assert {
    condition = alltrue(flatten([
      for statement in data.aws_iam_policy_document.function.statement :
      [for action in statement.actions : !strcontains(action, "*")]
    ]))
    error_message = "The role has an action that is not listed."
  }
}

run "the_role_sends_only_events_of_committed_batches" {
  assert {
    condition = one([
      for statement in data.aws_iam_policy_document.function.statement :
      { for condition in statement.condition : condition.variable => one(condition.values) }
      if statement.sid == "SayBatchCommitted"
    ]) == { "events:source" = "totesys.ingestion", "events:detail-type" = "Batch Committed" }
    error_message = "The function may send other events."
  }
}

run "in_a_vpc_lambda_may_create_interfaces_and_the_code_may_not" {
  variables {
    subnet_ids         = ["subnet-1"]
    security_group_ids = ["sg-1"]
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.function.statement :
      statement.sid if contains(statement.resources, "*")
    ] == ["PlaceIntoVpc", "DenyInterfacesToCode"]
    error_message = "A statement covers every resource without need."
  }

  assert {
    condition = one(one([
      for statement in data.aws_iam_policy_document.function.statement :
      statement.condition if statement.effect == "Deny"
    ])).values == tolist(["arn:aws:lambda:eu-west-2:123456789012:function:totesys-test-ingestion"])
    error_message = "The code of the function may use the permissions of Lambda."
  }

  assert {
    condition     = one(aws_lambda_function.this.vpc_config).subnet_ids == toset(["subnet-1"])
    error_message = "The function is outside the VPC."
  }
}

run "invalid_values_are_refused" {
  command = plan

  variables {
    name                 = "Totesys"
    source_name          = "To-te"
    generation           = 0
    architecture         = "sparc"
    rate_minutes         = 0.5
    timeout_seconds      = 901
    memory_mb            = 64
    ephemeral_mb         = 100
    reserved_concurrency = 0
    retries              = 3
    subnet_ids           = ["subnet-1"]
  }

  expect_failures = [
    var.name, var.source_name, var.generation, var.architecture, var.rate_minutes, var.timeout_seconds,
    var.memory_mb, var.ephemeral_mb, var.reserved_concurrency, var.retries, var.security_group_ids,
  ]
}

run "versions_are_captured_by_difference_unless_the_log_is_asked_for" {
  command = plan

  assert {
    condition     = !contains(keys(aws_lambda_function.this.environment[0].variables), "CAPTURE")
    error_message = "The log is read although nobody asked for it."
  }
}

run "log_is_read_with_its_publication" {
  command = plan

  variables {
    capture = { method = "log", publication = "orders" }
  }

  assert {
    condition = {
      for name in ["CAPTURE", "PUBLICATION", "ACCEPT_UNLIMITED_WAL"] :
      name => aws_lambda_function.this.environment[0].variables[name]
    } == { CAPTURE = "log", PUBLICATION = "orders", ACCEPT_UNLIMITED_WAL = "false" }
    error_message = "The function does not receive the options of the log."
  }
}

run "another_method_is_refused" {
  command = plan

  variables {
    capture = { method = "guess" }
  }

  expect_failures = [var.capture]
}
