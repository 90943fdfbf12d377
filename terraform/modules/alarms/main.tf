data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  alarms_arn = join(":", [
    "arn", data.aws_partition.current.partition, "cloudwatch", data.aws_region.current.name,
    local.account, "alarm", "${var.name}-*",
  ])

  poll     = { service = "ingestion", source = var.source_name }
  function = { FunctionName = var.function_name }
  patience = ceil(var.patience_polls * var.rate_minutes * 60 / var.period_seconds)

  # One data point above the threshold raises an alarm. The alarm ends after patience_polls polls without
  # one, because the minutes between two polls prove nothing.
  usual = {
    statistic   = "Maximum"
    comparison  = "GreaterThanThreshold"
    threshold   = 0
    period      = var.period_seconds
    evaluations = local.patience
    breaches    = 1
    missing     = "notBreaching"
  }

  alarms = { for key, alarm in {
    function-errors = {
      means      = "A poll failed."
      namespace  = "AWS/Lambda"
      metric     = "Errors"
      dimensions = local.function
      statistic  = "Sum"
    }

    # With a reserved concurrency of 1 and a timeout below the rate, scheduled polls never overlap. The
    # retry of a failed poll may overlap the next one, which then waits in Lambda's queue for at most one
    # rate. Throttles during two rates mean that no poll runs.
    function-throttles = {
      means       = "Lambda refuses to run polls."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = local.function
      statistic   = "Sum"
      period      = var.rate_minutes * 60
      evaluations = 3
      breaches    = 2
    }

    # SQS may take 15 minutes to measure an idle queue; function-errors fires immediately.
    dead-letters = {
      means      = "A poll failed at every attempt, and its event is in the dead-letter queue."
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = var.queue_name }
    }

    failed-jobs = {
      means      = "A Glue job failed or ran into its timeout."
      namespace  = "AWS/Events"
      metric     = "TriggeredRules"
      dimensions = { RuleName = aws_cloudwatch_event_rule.failed_jobs.name }
      statistic  = "Sum"
    }

    # One data point covers two rates: it includes a poll even if one was skipped, and the first stale
    # value raises the alarm. A missing value counts as stale.
    freshness = {
      means       = "A change has waited for the warehouse for more than ${floor(var.freshness_seconds / 60)} of the 30 minutes, or no poll has reported it."
      namespace   = "Warehouse"
      metric      = "Freshness"
      dimensions  = local.poll
      threshold   = var.freshness_seconds
      period      = 2 * var.rate_minutes * 60
      evaluations = 1
      missing     = "breaching"
    }

    # Short periods, all of which must be empty: CloudWatch also counts data points a few periods before
    # those that it evaluates.
    silence = {
      means      = "No poll has succeeded for ${var.patience_polls * var.rate_minutes} minutes."
      namespace  = "Warehouse"
      metric     = "Polls"
      dimensions = local.poll
      statistic  = "Sum"
      comparison = "LessThanThreshold"
      threshold  = 1
      breaches   = local.patience
      missing    = "breaching"
    }

    horizon-age = {
      means      = "A transaction has been open in the source for more than ${floor(var.horizon_age_seconds / 60)} minutes."
      namespace  = "Warehouse"
      metric     = "HorizonAge"
      dimensions = local.poll
      threshold  = var.horizon_age_seconds
    }

    # Other refusals raise function-errors, and the log has their reason.
    mass-delete = {
      means      = "Polls refuse to commit because too many rows of a table were deleted at once."
      namespace  = "Warehouse"
      metric     = "Refusals"
      dimensions = merge(local.poll, { reason = "MassDelete" })
      statistic  = "Sum"
    }

    quarantined-rows = {
      means      = "Rows that do not conform are in quarantine and missing from the warehouse."
      namespace  = "Warehouse"
      metric     = "QuarantinedRows"
      dimensions = local.poll
    }

    missed-rows = {
      means      = "An audit found rows that earlier polls missed."
      namespace  = "Warehouse"
      metric     = "MissedRows"
      dimensions = local.poll
    }

    # Missing values count as no lag: the alarm silence fires without polls.
    publishing = {
      means      = "The published tables have lagged behind the warehouse for more than ${floor(var.publishing_seconds / 60)} minutes."
      namespace  = "Warehouse"
      metric     = "PublishingLag"
      dimensions = local.poll
      threshold  = var.publishing_seconds
    }

    # also without capture by log, which can leave a slot behind
    retained-wal = {
      means      = "The source retains more than ${floor(var.retained_wal_bytes / 1048576)} MB of WAL for a replication slot."
      namespace  = "Warehouse"
      metric     = "RetainedWal"
      dimensions = local.poll
      threshold  = var.retained_wal_bytes
    }

    capture-gaps = {
      means      = "The versions between two polls could not be read from the log of the source."
      namespace  = "Warehouse"
      metric     = "CaptureGaps"
      dimensions = local.poll
    }
  } : key => merge(local.usual, alarm) if var.captures_log || key != "capture-gaps" }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.means} What to do: ${var.runbook_url}/${each.key}.md"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.evaluations
  datapoints_to_alarm = each.value.breaches
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]

  # While polls are paused, alarms that treat missing data as a breach change their state without a mail.
  actions_enabled = !(var.paused && each.value.missing == "breaching")

  # without its policy the topic refuses the first message of an alarm
  depends_on = [aws_sns_topic_policy.this]
}

resource "aws_sns_topic" "this" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.key_arn
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.emails)

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.topic.json
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "AlarmsPublish"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.alarms_arn]
    }
  }

  statement {
    sid       = "OnlyByTls"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_cloudwatch_event_rule" "failed_jobs" {
  name        = "${var.name}-failed-jobs"
  description = "Failed attempts of the Glue jobs of ${var.name}"

  event_pattern = jsonencode({
    source      = ["aws.glue"]
    detail-type = ["Glue Job State Change"]
    detail = {
      jobName = var.job_names
      state   = ["FAILED", "TIMEOUT", "ERROR"]
    }
  })
}

resource "aws_cloudwatch_event_target" "failed_jobs" {
  rule = aws_cloudwatch_event_rule.failed_jobs.name
  arn  = aws_cloudwatch_log_group.failed_jobs.arn

  # EventBridge checks the policy only when it writes an event
  depends_on = [aws_cloudwatch_log_resource_policy.failed_jobs]
}

resource "aws_cloudwatch_log_group" "failed_jobs" {
  #checkov:skip=CKV_AWS_338:log_retention_days is a year in prod
  name              = "/aws/events/${var.name}-failed-jobs"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_cloudwatch_log_resource_policy" "failed_jobs" {
  policy_name     = "${var.name}-failed-jobs"
  policy_document = data.aws_iam_policy_document.failed_jobs.json
}

data "aws_iam_policy_document" "failed_jobs" {
  statement {
    sid       = "EventBridgeMakesStreams"
    actions   = ["logs:CreateLogStream"]
    resources = ["${aws_cloudwatch_log_group.failed_jobs.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }
  }

  statement {
    sid       = "TheRuleWritesEvents"
    actions   = ["logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.failed_jobs.arn}:*:*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.failed_jobs.arn]
    }
  }
}
