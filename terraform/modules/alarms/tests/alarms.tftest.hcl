# Properties of every alarm, on plans. tests/cloud/test_alarms.py raises every alarm on the applied
# platform.

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

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-2:123456789012:totesys-test-alarms" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-2:123456789012:log-group:failed-jobs" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-2:123456789012:rule/totesys-test-failed-jobs" }
  }
}

variables {
  name          = "totesys-test"
  source_name   = "totesys"
  emails        = ["data@example.com", "night@example.com"]
  key_arn       = "arn:aws:kms:eu-west-2:123456789012:key/1"
  runbook_url   = "https://example.com/runbook"
  function_name = "totesys-test-ingestion"
  queue_name    = "totesys-test-dead-letters"
  job_names     = ["totesys-test-build-facts", "totesys-test-load-warehouse"]
}

run "every_alarm_sends_a_mail_when_it_starts_and_when_it_ends" {
  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this :
      alarm.alarm_actions == toset([aws_sns_topic.this.arn])
      && alarm.ok_actions == toset([aws_sns_topic.this.arn])
    ])
    error_message = "An alarm does not publish its start or its end."
  }

  assert {
    condition = toset([
      for mail in aws_sns_topic_subscription.email : "${mail.protocol}:${mail.endpoint}"
    ]) == toset(["email:data@example.com", "email:night@example.com"])
    error_message = "An address is not subscribed to the topic."
  }
}

run "every_alarm_has_a_meaning_and_links_to_its_page" {
  command = plan

  assert {
    condition = alltrue([
      for key, alarm in aws_cloudwatch_metric_alarm.this :
      can(regex("^[A-Z][^.]+\\. What to do: https://example.com/runbook/${key}\\.md$", alarm.alarm_description))
    ])
    error_message = "The description of an alarm is not a sentence with a link to its page in the runbook."
  }
}

run "missing_data_breaches_only_freshness_and_silence" {
  command = plan

  assert {
    condition = toset([
      for key, alarm in aws_cloudwatch_metric_alarm.this : key if alarm.treat_missing_data == "breaching"
    ]) == toset(["freshness", "silence"])
    error_message = "Missing data must breach for freshness and silence."
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this :
      contains(["breaching", "notBreaching"], alarm.treat_missing_data)
    ])
    error_message = "An alarm does not define the meaning of missing data."
  }
}

run "one_skipped_poll_raises_no_alarm_and_a_failure_raises_one_within_two_minutes" {
  command = plan

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["silence"].period
      * aws_cloudwatch_metric_alarm.this["silence"].datapoints_to_alarm >= 3 * 5 * 60
      && aws_cloudwatch_metric_alarm.this["freshness"].period >= 2 * 5 * 60
    )
    error_message = "One skipped poll raises an alarm."
  }

  assert {
    condition = alltrue([
      for key, alarm in aws_cloudwatch_metric_alarm.this :
      alarm.period * alarm.datapoints_to_alarm <= 120
      if !contains(["freshness", "silence", "function-throttles"], key)
    ])
    error_message = "A failure raises its alarm after more than two minutes."
  }
}

run "silence_and_freshness_follow_a_slower_schedule" {
  command = plan

  variables {
    rate_minutes = 15
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["silence"].evaluation_periods == 45
      && aws_cloudwatch_metric_alarm.this["freshness"].period == 1800
    )
    error_message = "The alarms on missing polls do not depend on the rate."
  }
}

run "during_a_pause_only_the_alarms_on_missing_polls_send_no_mail" {
  command = plan

  variables {
    paused = true
  }

  assert {
    condition = toset([
      for key, alarm in aws_cloudwatch_metric_alarm.this : key if !alarm.actions_enabled
    ]) == toset(["freshness", "silence"])
    error_message = "A pause sends a false alarm, or disables an alarm that is not about missing polls."
  }
}

run "every_alarm_sends_mails_while_polls_run" {
  command = plan

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.actions_enabled])
    error_message = "An alarm sends no mail although polls are not paused."
  }
}

run "freshness_fires_above_20_of_the_30_minutes" {
  command = plan

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["freshness"].threshold == 1200
      && aws_cloudwatch_metric_alarm.this["freshness"].datapoints_to_alarm == 1
    )
    error_message = "Freshness does not fire at its first data point above 20 minutes."
  }
}

run "only_these_alarms_may_publish_and_only_by_tls" {
  assert {
    condition = [for statement in data.aws_iam_policy_document.topic.statement : statement.sid] == [
      "AlarmsPublish", "OnlyByTls",
    ]
    error_message = "The policy of the topic is different."
  }

  assert {
    condition = (
      one(data.aws_iam_policy_document.topic.statement[0].principals).identifiers
      == toset(["cloudwatch.amazonaws.com"])
      && toset([
        for condition in data.aws_iam_policy_document.topic.statement[0].condition :
        "${condition.variable} ${one(condition.values)}"
        ]) == toset([
        "aws:SourceAccount 123456789012",
        "aws:SourceArn arn:aws:cloudwatch:eu-west-2:123456789012:alarm:totesys-test-*",
      ])
    )
    error_message = "A principal other than the alarms of this platform may publish."
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == var.key_arn
    error_message = "The topic is not encrypted with the key of the platform."
  }
}

run "failures_of_the_jobs_of_the_platform_are_logged" {
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.failed_jobs.event_pattern) == {
      source      = ["aws.glue"]
      detail-type = ["Glue Job State Change"]
      detail = {
        jobName = ["totesys-test-build-facts", "totesys-test-load-warehouse"]
        state   = ["FAILED", "TIMEOUT", "ERROR"]
      }
    }
    error_message = "The rule matches events other than failures of the jobs of the platform."
  }

  assert {
    condition     = aws_cloudwatch_event_target.failed_jobs.arn == aws_cloudwatch_log_group.failed_jobs.arn
    error_message = "The events are not logged."
  }
}

run "invalid_values_are_refused" {
  command = plan

  variables {
    name              = "Totesys"
    emails            = ["data"]
    runbook_url       = "http://example.com/"
    job_names         = []
    rate_minutes      = 0.5
    period_seconds    = 10
    patience_polls    = 1
    freshness_seconds = 1800
  }

  expect_failures = [
    var.name, var.emails, var.runbook_url, var.job_names, var.rate_minutes, var.period_seconds,
    var.patience_polls, var.freshness_seconds,
  ]
}

run "gaps_have_an_alarm_only_if_the_log_is_read_and_a_slot_always" {
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "capture-gaps")
    error_message = "An alarm watches a metric that no poll sends."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["retained-wal"].threshold == 2147483648
    error_message = "The WAL that the source retains for a slot that is left over has no alarm."
  }
}

run "gaps_have_an_alarm_if_the_log_is_read" {
  variables {
    captures_log = true
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["capture-gaps"].metric_name == "CaptureGaps"
    error_message = "Gaps have no alarm."
  }
}
