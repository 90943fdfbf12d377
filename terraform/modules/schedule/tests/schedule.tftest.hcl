# The schedule and the permissions of its role, on plans.

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
}

variables {
  name         = "totesys-test-ingestion"
  description  = "Polls totesys"
  rate_minutes = 5
  function_arn = "arn:aws:lambda:eu-west-2:123456789012:function:totesys-test-ingestion"
  queue_arn    = "arn:aws:sqs:eu-west-2:123456789012:totesys-test-dead-letters"
  key_arn      = "arn:aws:kms:eu-west-2:123456789012:key/1"
}

run "the_schedule_has_the_rate" {
  command = plan

  assert {
    condition = (
      aws_scheduler_schedule.this.schedule_expression == "rate(5 minutes)"
      && aws_scheduler_schedule.this.flexible_time_window[0].mode == "OFF"
    )
    error_message = "The rate of the schedule is wrong."
  }
}

run "the_schedule_is_enabled_by_default" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.this.state == "ENABLED"
    error_message = "The schedule is disabled by default."
  }
}

run "a_paused_schedule_is_disabled" {
  command = plan

  variables {
    paused = true
  }

  assert {
    condition     = aws_scheduler_schedule.this.state == "DISABLED"
    error_message = "The schedule is enabled although it is paused."
  }
}

run "one_minute_is_singular" {
  command = plan

  variables {
    rate_minutes = 1
  }

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression == "rate(1 minute)"
    error_message = "The scheduler refuses this rate."
  }
}

run "a_failed_invocation_is_kept_in_the_queue" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.this.target[0].dead_letter_config[0].arn == var.queue_arn
    error_message = "A failed invocation is lost."
  }

  assert {
    condition     = aws_scheduler_schedule.this.target[0].retry_policy[0].maximum_event_age_in_seconds == 300
    error_message = "An invocation is retried after the next one is due."
  }
}

run "the_role_only_invokes_the_function_and_sends_to_the_queue" {
  command = plan

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.this.statement :
      statement.sid => { actions = statement.actions, resources = statement.resources }
      } == {
      InvokeFunction   = { actions = toset(["lambda:InvokeFunction"]), resources = toset([var.function_arn]) }
      KeepFailedEvents = { actions = toset(["sqs:SendMessage"]), resources = toset([var.queue_arn]) }
      UseKey           = { actions = toset(["kms:Decrypt", "kms:GenerateDataKey"]), resources = toset([var.key_arn]) }
    }
    error_message = "The role has more or fewer permissions."
  }
}

run "only_schedules_of_the_account_assume_the_role" {
  command = plan

  assert {
    condition = {
      for condition in data.aws_iam_policy_document.scheduler.statement[0].condition :
      condition.variable => one(condition.values)
      } == {
      "aws:SourceAccount" = "123456789012"
      "aws:SourceArn"     = "arn:aws:scheduler:eu-west-2:123456789012:schedule-group/default"
    }
    error_message = "Schedules of another account may assume the role."
  }
}

run "invalid_values_are_refused" {
  command = plan

  variables {
    rate_minutes = 0
  }

  expect_failures = [var.rate_minutes]
}
