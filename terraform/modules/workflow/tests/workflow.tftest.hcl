# The workflow is the one of glue_jobs/workflow.json, and every job can run from the console without
# arguments.

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

  mock_data "aws_subnet" {
    defaults = { availability_zone = "eu-west-2a" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/any" }
  }

  mock_resource "aws_glue_workflow" {
    defaults = { arn = "arn:aws:glue:eu-west-2:123456789012:workflow/totesys-test" }
  }
}

variables {
  name        = "totesys-test"
  source_name = "totesys"
  generation  = 2
  schema      = "sales"
  catalog     = "totesys_test"
  key_arn     = "arn:aws:kms:eu-west-2:123456789012:key/1"
  artifacts   = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
  results     = { name = "results", arn = "arn:aws:s3:::results" }

  lake = {
    ingestion = { name = "ingestion", arn = "arn:aws:s3:::ingestion" }
    processed = { name = "processed", arn = "arn:aws:s3:::processed" }
  }

  secrets = {
    warehouse_loader = { name = "totesys-test/warehouse-loader", arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:loader" }
    warehouse_owner  = { name = "totesys-test/warehouse-owner", arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:owner" }
  }

  packages = {
    libraries  = "../../../build/platform.gluewheels.zip"
    publishing = "../../../build/publish.gluewheels.zip"
    views      = "../../../build/catalog/views.json"
    scripts = {
      "build_dimensions.py"  = "../../../build/scripts/build_dimensions.py"
      "build_facts.py"       = "../../../build/scripts/build_facts.py"
      "compact_lake.py"      = "../../../build/scripts/compact_lake.py"
      "load_warehouse.py"    = "../../../build/scripts/load_warehouse.py"
      "migrate_warehouse.py" = "../../../build/scripts/migrate_warehouse.py"
      "update_warehouse.py"  = "../../../build/scripts/update_warehouse.py"
    }
  }
}

run "each_job_has_exactly_the_arguments_of_the_definition_by_default" {
  command = plan

  assert {
    condition = {
      for name, job in local.definition.jobs : name => setsubtract(
        keys(aws_glue_job.this[name].default_arguments),
        [
          "--additional-python-modules", "--conf", "--enable-continuous-cloudwatch-log",
          "--job-bookmark-option", "--job-language", "--python-modules-installer-option", "--time-limit",
        ],
      )
      } == {
      for name, job in jsondecode(file("../../../glue_jobs/workflow.json")).jobs :
      name => toset(keys(job.arguments))
    }
    error_message = "The arguments of a job differ from workflow.json."
  }

  assert {
    condition     = alltrue([for name in keys(local.definition.jobs) : aws_glue_job.this[name].default_arguments["--time-limit"] == tostring(aws_glue_job.this[name].timeout * 60 - 30)])
    error_message = "A job does not end by itself half a minute before its timeout."
  }

  assert {
    condition = {
      for name in ["--ingestion", "--processed", "--generation", "--warehouse", "--schema", "--catalog"] :
      name => aws_glue_job.this["load_warehouse"].default_arguments[name]
      } == {
      "--ingestion"  = "s3://ingestion"
      "--processed"  = "s3://processed"
      "--generation" = "2"
      "--warehouse"  = "secretsmanager:totesys-test/warehouse-loader"
      "--schema"     = "sales"
      "--catalog"    = "totesys_test"
    }
    error_message = "The value of an argument differs from the variable."
  }
}

run "each_job_runs_its_script_with_the_libraries_of_the_archive_only" {
  command = plan

  assert {
    condition = alltrue([
      for name, job in aws_glue_job.this : (
        can(regex("^s3://artifacts/glue/[0-9a-f]{64}/${name}\\.py$", job.command[0].script_location))
        && can(regex(
          "^s3://artifacts/glue/[0-9a-f]{64}/${contains(["load_warehouse", "compact_lake"], name) ? "publish" : "platform"}\\.gluewheels\\.zip$",
          job.default_arguments["--additional-python-modules"],
        ))
        && job.default_arguments["--python-modules-installer-option"] == "--no-index"
      )
    ])
    error_message = "A job runs another script or other libraries."
  }
}

run "s3a_uses_the_region_of_the_provider" {
  command = plan

  override_data {
    target = data.aws_region.current
    values = { name = "eu-north-1" }
  }

  assert {
    condition = alltrue([
      for job in aws_glue_job.this : job.default_arguments["--conf"] == "spark.hadoop.fs.s3a.endpoint.region=eu-north-1"
    ])
    error_message = "A job would call us-east-2."
  }
}

run "no_secret_is_in_an_argument" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for job in aws_glue_job.this : [
        for name, value in job.default_arguments : (
          !can(regex("(?i)password|postgresql:", "${name} ${value}"))
          && (name != "--warehouse" || startswith(value, "secretsmanager:totesys-test/"))
        )
      ]
    ]))
    error_message = "An argument has the value of a secret, or no name of one."
  }
}

run "only_jobs_of_the_warehouse_receive_the_certificates" {
  command = plan

  variables {
    packages = {
      libraries  = "../../../build/platform.gluewheels.zip"
      publishing = "../../../build/publish.gluewheels.zip"
      views      = "../../../build/catalog/views.json"
      ca_bundle  = "main.tf" # any file: a plan uploads nothing
      scripts = {
        "build_dimensions.py"  = "../../../build/scripts/build_dimensions.py"
        "build_facts.py"       = "../../../build/scripts/build_facts.py"
        "compact_lake.py"      = "../../../build/scripts/compact_lake.py"
        "compact_lake.py"      = "../../../build/scripts/compact_lake.py"
        "load_warehouse.py"    = "../../../build/scripts/load_warehouse.py"
        "migrate_warehouse.py" = "../../../build/scripts/migrate_warehouse.py"
      }
    }
  }

  assert {
    condition = {
      for name, job in aws_glue_job.this : name => lookup(job.default_arguments, "--ca-bundle", "none")
      } == {
      build_dimensions  = "none"
      build_facts       = "none"
      compact_lake      = "none"
      load_warehouse    = "main.tf"
      migrate_warehouse = "main.tf"
    }
    error_message = "A job does not receive the certificates, or does not need them."
  }

  assert {
    condition = endswith(
      aws_glue_job.this["load_warehouse"].default_arguments["--extra-files"],
      "/${aws_glue_job.this["load_warehouse"].default_arguments["--ca-bundle"]}",
    )
    error_message = "Glue copies the certificates to another path than the argument."
  }
}

run "workflow_and_jobs_do_not_run_concurrently" {
  command = plan

  assert {
    condition     = aws_glue_workflow.this.max_concurrent_runs == 1
    error_message = "Two runs of the workflow may be concurrent."
  }

  assert {
    condition     = alltrue([for job in aws_glue_job.this : job.execution_property[0].max_concurrent_runs == 1])
    error_message = "Two runs of a job may be concurrent."
  }
}

run "jobs_have_the_workers_timeouts_and_retries_of_the_variables" {
  command = plan

  assert {
    condition = alltrue([
      for name in keys(local.definition.jobs) : (
        aws_glue_job.this[name].glue_version == "5.1"
        && aws_glue_job.this[name].worker_type == "G.1X"
        && aws_glue_job.this[name].number_of_workers == 2
        && aws_glue_job.this[name].timeout == 4
        && aws_glue_job.this[name].max_retries == 0
        && aws_glue_job.this[name].job_run_queuing_enabled
        && aws_glue_job.this[name].security_configuration == "totesys-test"
      )
    ])
    error_message = "A job differs from the variables, or fails at once while capacity is short."
  }
}

run "metrics_and_retries_are_optional" {
  command = plan

  variables {
    metrics = true
    retries = 1
  }

  assert {
    condition     = alltrue([for job in aws_glue_job.this : job.default_arguments["--enable-metrics"] == "true"])
    error_message = "A job sends no metrics although the variable is set."
  }

  assert {
    condition = {
      for name, job in aws_glue_job.this : name => [job.max_retries, job.job_run_queuing_enabled]
      } == {
      build_dimensions  = [1, false]
      build_facts       = [1, false]
      compact_lake      = [0, true]
      load_warehouse    = [1, false]
      migrate_warehouse = [0, true]
    }
    error_message = "Glue does not queue a job with retries: the settings contradict each other."
  }
}

run "the_triggers_are_those_of_the_definition" {
  assert {
    condition = (
      aws_glue_trigger.event.type == "EVENT"
      && aws_glue_trigger.event.event_batching_condition[0].batch_size == 1
      && toset([for action in aws_glue_trigger.event.actions : action.job_name]) == toset([
        "totesys-test-build-dimensions", "totesys-test-build-facts",
      ])
    )
    error_message = "The event does not start both builds."
  }

  assert {
    condition = (
      aws_glue_trigger.conditional["both_built"].predicate[0].logical == "AND"
      && toset([
        for condition in aws_glue_trigger.conditional["both_built"].predicate[0].conditions :
        "${condition.job_name} ${condition.state}"
      ]) == toset(["totesys-test-build-dimensions SUCCEEDED", "totesys-test-build-facts SUCCEEDED"])
      && [for action in aws_glue_trigger.conditional["both_built"].actions : action.job_name] == ["totesys-test-load-warehouse"]
    )
    error_message = "The load does not wait for both builds."
  }

  assert {
    condition = alltrue([
      for trigger in concat([aws_glue_trigger.event], values(aws_glue_trigger.conditional)) :
      trigger.workflow_name == aws_glue_workflow.this.name
    ])
    error_message = "A trigger belongs to no workflow."
  }
}

run "a_single_job_replaces_the_three" {
  variables {
    single_job = true
  }

  assert {
    condition = (
      [for action in aws_glue_trigger.event.actions : action.job_name] == ["totesys-test-update-warehouse"]
      && length(aws_glue_trigger.conditional) == 0
    )
    error_message = "The event starts other jobs too."
  }

  assert {
    condition = toset([
      for name in keys(aws_glue_job.this["update_warehouse"].default_arguments) : name
      if contains(flatten([for job in values(local.definition.jobs) : keys(job.arguments)]), name)
    ]) == toset(flatten([for job in values(local.definition.jobs) : keys(job.arguments)]))
    error_message = "The job does not have the arguments of each of the three."
  }

  assert {
    condition = (
      aws_glue_job.this["update_warehouse"].timeout == 7
      && aws_glue_job.this["update_warehouse"].number_of_workers == aws_glue_job.this["build_facts"].number_of_workers
      && endswith(aws_glue_job.this["update_warehouse"].command[0].script_location, "/update_warehouse.py")
    )
    error_message = "The job has another timeout, script or number of workers."
  }

  assert {
    condition = (
      output.jobs["update_warehouse"] == "totesys-test-update-warehouse"
      && length(output.jobs) == 4
      && length(setintersection(keys(output.jobs), ["compact_lake", "migrate_warehouse"])) == 0
    )
    error_message = "The alarm on failed jobs would not see the job."
  }
}

run "the_lake_is_compacted_on_a_schedule_outside_the_vpc_and_the_workflow" {
  variables {
    subnet_ids         = ["subnet-1"]
    security_group_ids = ["sg-1"]
  }

  assert {
    condition = (
      aws_glue_trigger.schedule["compact_lake"].type == "SCHEDULED"
      && aws_glue_trigger.schedule["compact_lake"].schedule == "cron(40 1/8 * * ? *)"
      && aws_glue_trigger.schedule["compact_lake"].workflow_name == null
      && aws_glue_job.this["compact_lake"].number_of_workers == 2
      && [for action in aws_glue_trigger.schedule["compact_lake"].actions : action.job_name] == [output.compact_job]
    )
    error_message = "The compaction is not started on its schedule, or delays the workflow."
  }

  assert {
    condition = [
      for name in ["build_dimensions", "load_warehouse", "compact_lake"] : length(coalesce(aws_glue_job.this[name].connections, []))
    ] == [1, 1, 0]
    error_message = "The compaction is in the VPC, or another job is not."
  }

  assert {
    condition = {
      for name, argument in aws_glue_job.this["compact_lake"].default_arguments : name => argument
      if contains(["--ingestion", "--processed", "--generation", "--catalog", "--time-limit", "--warehouse"], name)
      } == {
      "--ingestion"  = "s3://ingestion"
      "--processed"  = "s3://processed"
      "--generation" = "2"
      "--catalog"    = "totesys_test"
      "--time-limit" = "3570"
    }
    error_message = "The compaction has other arguments."
  }
}

run "without_a_catalog_no_job_publishes" {
  variables {
    catalog = ""
  }

  assert {
    condition = output.compact_job == null && length(aws_glue_trigger.schedule) == 0 && alltrue([
      for job in aws_glue_job.this : endswith(job.default_arguments["--additional-python-modules"], "/platform.gluewheels.zip")
    ])
    error_message = "A job has the packages for publishing without a catalog."
  }
}

run "no_trigger_starts_the_migration" {
  assert {
    condition = !contains(flatten([
      for trigger in concat([aws_glue_trigger.event], values(aws_glue_trigger.conditional)) :
      [for action in trigger.actions : action.job_name]
    ]), aws_glue_job.this["migrate_warehouse"].name)
    error_message = "A trigger starts the migration."
  }

  assert {
    condition = (
      aws_glue_job.this["migrate_warehouse"].default_arguments["--warehouse"] == "secretsmanager:totesys-test/warehouse-owner"
      && aws_glue_job.this["migrate_warehouse"].default_arguments["--schema"] == "sales"
      && aws_glue_job.this["migrate_warehouse"].default_arguments["--processed"] == "s3://${var.lake.processed.name}"
    )
    error_message = "The migration does not use the secret of the owner, or records its attempts elsewhere."
  }
}

run "the_rule_only_starts_the_workflow" {
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this.event_pattern) == {
      source      = ["totesys.ingestion"]
      detail-type = ["Batch Committed"]
    }
    error_message = "The rule matches events other than committed batches."
  }

  assert {
    condition     = aws_cloudwatch_event_target.workflow.arn == aws_glue_workflow.this.arn
    error_message = "The rule has another target."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.events.statement :
      "${one(statement.actions)} ${one(statement.resources)}"
    ] == ["glue:NotifyEvent ${aws_glue_workflow.this.arn}"]
    error_message = "The role of the rule has other permissions."
  }
}

run "jobs_have_a_connection_to_every_subnet" {
  command = plan

  variables {
    subnet_ids         = ["subnet-1", "subnet-2"]
    security_group_ids = ["sg-1"]
  }

  assert {
    condition = alltrue([
      for name, job in aws_glue_job.this : name == "compact_lake" || toset(job.connections) == toset(["totesys-test-subnet-1", "totesys-test-subnet-2"])
    ])
    error_message = "A job has no connection to a subnet."
  }

  assert {
    condition = {
      for connection in aws_glue_connection.network :
      connection.connection_type => connection.physical_connection_requirements[0].subnet_id...
    } == { NETWORK = ["subnet-1", "subnet-2"] }
    error_message = "A connection has another subnet."
  }
}

run "invalid_values_are_refused" {
  command = plan

  variables {
    name                = "Totesys"
    source_name         = "To-te"
    generation          = 0
    schema              = "a\"b"
    catalog             = "to-te"
    secrets             = {}
    worker_type         = "G.025X"
    workers             = 1
    timeout_minutes     = 0
    retries             = 11
    subnet_ids          = ["subnet-1"]
    packages            = { scripts = {}, libraries = "main.tf", publishing = "main.tf", views = "main.tf" }
    compaction_schedule = "rate(8 hours)"
  }

  expect_failures = [
    var.name, var.source_name, var.generation, var.schema, var.catalog, var.secrets, var.worker_type,
    var.workers, var.timeout_minutes, var.retries, var.security_group_ids, var.packages,
    var.compaction_schedule,
  ]
}
