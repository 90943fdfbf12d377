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

# One plan for all assertions on the defaults, because a plan of the whole platform takes long.
run "names_start_with_the_prefix_and_optional_parts_are_disabled" {
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
        [output.function, output.schedule, output.queue, output.workflow, output.rule, output.migrate_job, output.compact_job],
        values(output.jobs),
        values(output.secrets),
        values(output.alarms),
      ) : startswith(name, "totesys-test")
    ])
    error_message = "A name does not start with the prefix."
  }

  assert {
    condition = output.databases == {
      views               = "totesys_test"
      published_ingestion = "totesys_test_published_ingestion"
      published_processed = "totesys_test_published_processed_g1"
    }
    error_message = "The databases of the catalog differ from the argument --catalog of the load."
  }

  assert {
    condition     = length(module.network) == 0
    error_message = "A network is created although the variable is null."
  }

  assert {
    condition     = length(module.quicksight) == 0 && output.quicksight_dashboard == null
    error_message = "A resource is created in QuickSight, which needs a subscription."
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

run "a_pause_between_runs_raises_warnings" {
  command = plan

  variables {
    min_minutes_between_runs = 10
  }

  expect_failures = [
    check.one_failure_stays_within_30_minutes, check.the_freshness_alarm_fires_only_after_a_failure,
  ]
}

run "a_single_job_stays_within_30_minutes" {
  command = plan

  variables {
    single_job = true
  }

  assert {
    condition     = local.single_job_timeout_minutes == 7
    error_message = "The single job has another timeout."
  }
}

run "a_slow_single_job_raises_a_warning" {
  command = plan

  variables {
    single_job          = true
    job_timeout_minutes = 5
  }

  expect_failures = [check.one_failure_stays_within_30_minutes]
}

run "invalid_values_are_refused" {
  command = plan

  variables {
    environment        = "Dev"
    region             = "cn-north-1"
    artifacts_dir      = "tests"
    log_retention_days = 2
  }

  expect_failures = [var.environment, var.region, var.artifacts_dir, var.log_retention_days]
}

run "state_of_prod" {
  variables {
    environment = "prod"
  }

  plan_options {
    target = [terraform_data.environment]
  }

  assert {
    condition     = terraform_data.environment.output == "prod"
    error_message = "The state does not record its environment."
  }
}

run "settings_of_dev_are_refused_in_the_state_of_prod" {
  command = plan

  variables {
    environment = "dev"
  }

  plan_options {
    target = [terraform_data.environment]
  }

  expect_failures = [output.environment]
}
