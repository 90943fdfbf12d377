# Tests of the composition of the modules, on plans.

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

# `make package` builds the artifacts in ../build.
variables {
  environment          = "test"
  emails               = ["data@example.com"]
  runbook_url          = "https://example.com/runbook"
  retention            = { mode = "GOVERNANCE", days = 0 }
  mirror_days          = 7
  log_retention_days   = 14
  secret_recovery_days = 0
}

run "every_name_starts_with_the_prefix" {
  command = plan

  assert {
    condition = output.buckets == {
      for bucket in ["ingestion", "processed", "artifacts", "athena", "logs"] :
      bucket => "totesys-test-${bucket}-123456789012"
    }
    error_message = "The name of a bucket is wrong."
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
    error_message = "A name does not start with the prefix."
  }
}

run "the_load_registers_partitions_in_the_databases_of_the_catalog" {
  command = plan

  assert {
    condition = output.databases == {
      ingestion = "totesys_test_ingestion"
      processed = "totesys_test_processed_g1"
    }
    error_message = "The databases of the catalog differ from the argument --catalog of the load."
  }
}

run "without_a_network_no_endpoint_is_created" {
  command = plan

  assert {
    condition     = length(module.network) == 0
    error_message = "A network is created although the variable is null."
  }
}

run "polls_and_jobs_share_the_network" {
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

run "quicksight_is_disabled_by_default" {
  command = plan

  assert {
    condition     = length(module.quicksight) == 0 && output.quicksight_dashboard == null
    error_message = "A resource is created in QuickSight, which needs a subscription."
  }
}

run "slow_job_settings_raise_a_warning" {
  command = plan

  variables {
    job_timeout_minutes = 5
  }

  expect_failures = [check.one_failure_stays_within_30_minutes]
}

run "a_low_poll_rate_raises_a_warning" {
  command = plan

  variables {
    rate_minutes = 7
  }

  expect_failures = [check.one_failure_stays_within_30_minutes]
}

run "invalid_values_are_refused" {
  command = plan

  variables {
    environment        = "Dev"
    artifacts_dir      = "tests"
    log_retention_days = 2
  }

  expect_failures = [var.environment, var.artifacts_dir, var.log_retention_days]
}
