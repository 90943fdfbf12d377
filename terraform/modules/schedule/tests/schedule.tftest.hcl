# Plan-time tests of what invokes a function, and of what it may do besides: nothing.

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

run "the_rate_is_kept_to_the_minute" {
  command = plan

  assert {
    condition = (
      aws_scheduler_schedule.this.schedule_expression == "rate(5 minutes)"
      && aws_scheduler_schedule.this.flexible_time_window[0].mode == "OFF"
    )
    error_message = "The function is not invoked when it should be."
  }
}

run "it_runs_unless_it_is_paused" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.this.state == "ENABLED"
    error_message = "Nobody paused the schedule, and it rests."
  }
}

run "paused_it_rests" {
  command = plan

  variables {
    paused = true
  }

  assert {
    condition     = aws_scheduler_schedule.this.state == "DISABLED"
    error_message = "The schedule goes on although it was paused."
  }
}

run "one_minute_is_no_plural" {
  command = plan

  variables {
    rate_minutes = 1
  }

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression == "rate(1 minute)"
    error_message = "The scheduler does not know such a rate."
  }
}

run "an_invocation_that_cannot_be_made_is_kept" {
  command = plan

  assert {
    condition     = aws_scheduler_schedule.this.target[0].dead_letter_config[0].arn == var.queue_arn
    error_message = "What did not reach the function is lost."
  }

  assert {
    condition     = aws_scheduler_schedule.this.target[0].retry_policy[0].maximum_event_age_in_seconds == 300
    error_message = "An invocation is repeated for longer than until the next one."
  }
}

run "the_role_invokes_this_function_and_keeps_what_failed" {
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
    error_message = "The role may do more, or less."
  }
}

run "only_a_schedule_of_this_account_takes_the_role" {
  command = plan

  assert {
    condition = {
      for condition in data.aws_iam_policy_document.scheduler.statement[0].condition :
      condition.variable => one(condition.values)
      } == {
      "aws:SourceAccount" = "123456789012"
      "aws:SourceArn"     = "arn:aws:scheduler:eu-west-2:123456789012:schedule-group/default"
    }
    error_message = "Schedules from elsewhere may take the role."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    rate_minutes = 0
  }

  expect_failures = [var.rate_minutes]
}
