# Plan-time tests of how the modules are put together.

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

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-2:123456789012:key/1" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/any" }
  }
}

# `make package` builds the artifacts.
variables {
  name          = "totesys-test"
  artifacts_dir = "../../../build"
  emails        = ["data@example.com"]
  runbook_url   = "https://example.com/runbook"
}

run "every_name_begins_with_the_prefix" {
  command = plan

  assert {
    condition = output.buckets == {
      for bucket in ["ingestion", "processed", "artifacts", "athena", "logs"] :
      bucket => "totesys-test-${bucket}-123456789012"
    }
    error_message = "A bucket is called otherwise."
  }

  assert {
    condition = alltrue([
      for name in concat(
        [output.function, output.schedule, output.queue, output.workflow, output.rule, output.migrate_job],
        values(output.jobs),
        values(output.secrets),
        values(output.alarms),
      ) : startswith(name, "totesys-test")
    ])
    error_message = "Something is called otherwise."
  }
}

run "the_load_registers_partitions_where_athena_looks_for_them" {
  command = plan

  assert {
    condition = output.databases == {
      ingestion = "totesys_test_ingestion"
      processed = "totesys_test_processed_g1"
    }
    error_message = "The catalog's databases are not those of the load's --catalog."
  }
}

run "outside_a_vpc_no_network_is_made" {
  command = plan

  assert {
    condition     = length(module.network) == 0
    error_message = "A network is made that nobody asked for."
  }
}

run "a_network_is_shared_by_polls_and_jobs" {
  command = plan

  variables {
    network = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"] }
  }

  override_module {
    target  = module.network
    outputs = { security_group_id = "sg-1" }
  }

  assert {
    condition     = one(local.subnet_ids) == "subnet-1" && one(local.security_group_ids) == "sg-1"
    error_message = "The subnets and the security group do not reach the modules."
  }
}

run "without_its_variable_there_is_no_quicksight" {
  command = plan

  assert {
    condition     = length(module.quicksight) == 0 && output.quicksight_dashboard == null
    error_message = "Something is made in QuickSight, which costs and needs a subscription."
  }
}

run "slow_settings_are_told_of" {
  command = plan

  variables {
    job_timeout_minutes = 5
  }

  expect_failures = [check.one_failure_stays_within_30_minutes]
}

run "polls_that_are_too_rare_are_told_of" {
  command = plan

  variables {
    rate_minutes = 7
  }

  expect_failures = [check.one_failure_stays_within_30_minutes]
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    name               = "Totesys"
    artifacts_dir      = "tests"
    log_retention_days = 2
  }

  expect_failures = [var.name, var.artifacts_dir, var.log_retention_days]
}
