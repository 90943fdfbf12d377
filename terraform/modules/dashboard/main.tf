data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  region = data.aws_region.current.name
  grain  = var.rate_minutes * 60
  day    = 86400

  poll     = ["service", "ingestion", "source", var.source_name]
  function = ["FunctionName", var.function_name]
  dpus     = var.workers * tonumber(regex("\\d+", var.worker_type))

  tables = "{Warehouse,service,source,table,op} MetricName=\"Rows\" source=\"${var.source_name}\""

  # the last line of each job in its log, because the metrics of Glue are charged for each run
  ended = join(" | ", concat(
    [for group in var.job_log_groups : "SOURCE '${group}'"],
    ["filter message = 'job ended'"],
  ))

  # graphs of lines in logs: title and statistics
  log_graphs = [
    {
      title      = "Duration of the jobs in seconds, without their start"
      statistics = "max(seconds) by job, bin(${var.rate_minutes}m)"
    },
    {
      title      = "Cost: DPU-hours of the jobs by day, ${local.dpus} DPU each"
      statistics = "sum(seconds) / 3600 * ${local.dpus} as dpu_hours by job, bin(1d)"
    },
  ]

  # every graph: title, metrics, and differences from the default settings
  graphs = [
    {
      title = "Age of the oldest change that is missing from the warehouse, and from the published tables"
      metrics = [
        concat(["Warehouse", "Freshness"], local.poll, [{ label = "freshness" }]),
        concat(["Warehouse", "PublishingLag"], local.poll, [{ label = "published tables" }]),
      ]
      stat  = "Maximum"
      unit  = "Seconds"
      width = 12
      lines = [
        { label = "alarm", value = var.freshness_seconds, color = "#ff7f0e" },
        { label = "promised: 30 minutes", value = 1800, color = "#d62728" },
      ]
    },
    {
      title = "Changed rows in the source, by table and operation"
      metrics = [[{
        expression = "SEARCH('${local.tables}', 'Sum', ${local.grain})"
        label      = "$${PROP('Dim.table')} $${PROP('Dim.op')}"
      }]]
      stat  = "Sum"
      unit  = "rows (I new, U changed, D deleted)"
      width = 12
    },
    {
      title   = "Duration of a poll"
      metrics = [concat(["Warehouse", "PollSeconds"], local.poll, [{ label = "poll" }])]
      stat    = "Maximum"
      unit    = "Seconds"
    },
    {
      title = "Polls: successful, failed, and throttled by Lambda"
      metrics = [
        concat(["Warehouse", "Polls"], local.poll, [{ label = "successful" }]),
        concat(["AWS/Lambda", "Errors"], local.function, [{ label = "failed" }]),
        concat(["AWS/Lambda", "Throttles"], local.function, [{ label = "throttled" }]),
      ]
      stat = "Sum"
      unit = "polls"
    },
    {
      title = "Refused commits of polls, by reason"
      metrics = [[{
        expression = "SEARCH('{Warehouse,service,source,reason} MetricName=\"Refusals\" source=\"${var.source_name}\"', 'Sum', ${local.grain})"
        label      = "$${PROP('Dim.reason')}"
      }]]
      stat = "Sum"
      unit = "polls"
    },
    {
      title = "Rows in quarantine, and missed rows"
      metrics = [
        concat(["Warehouse", "QuarantinedRows"], local.poll, [{ label = "in quarantine" }]),
        concat(["Warehouse", "MissedRows"], local.poll, [{ label = "missed" }]),
      ]
      stat = "Maximum"
      unit = "rows"
    },
    {
      title   = "Age of the oldest open transaction in the source"
      metrics = [concat(["Warehouse", "HorizonAge"], local.poll, [{ label = "at least" }])]
      stat    = "Maximum"
      unit    = "Seconds"
    },
    {
      title = "Failed polls in the dead-letter queue"
      metrics = [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.queue_name, { label = "messages" }],
      ]
      stat = "Maximum"
      unit = "polls"
    },
    {
      title = "Cost: runs and GB-seconds of the Lambda function, by day"
      metrics = [
        concat(["AWS/Lambda", "Invocations"], local.function, [{ label = "runs" }]),
        concat(["AWS/Lambda", "Duration"], local.function, [{ id = "duration", visible = false }]),
        [{ expression = "duration / 1000 * ${var.memory_mb} / 1024", label = "GB-seconds", yAxis = "right" }],
      ]
      stat   = "Sum"
      unit   = "runs"
      period = local.day
    },
    {
      title = "Cost: size of the buckets"
      metrics = [
        for bucket in var.bucket_names :
        ["AWS/S3", "BucketSizeBytes", "BucketName", bucket, "StorageType", "StandardStorage", { label = bucket }]
      ]
      stat   = "Average"
      unit   = "Bytes"
      period = local.day
    },
  ]

  alarms = {
    type   = "alarm"
    width  = 24
    height = 3
    properties = {
      title = "Alarms of the platform"
      alarms = [
        for name in var.alarm_names : join(":", [
          "arn", data.aws_partition.current.partition, "cloudwatch", local.region,
          data.aws_caller_identity.current.account_id, "alarm", name,
        ])
      ]
    }
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat([local.alarms], [for graph in local.log_graphs : {
      type   = "log"
      width  = 12
      height = 6
      properties = {
        title  = graph.title
        region = local.region
        view   = "timeSeries"
        query  = "${local.ended} | stats ${graph.statistics}"
      }
      }], [for graph in local.graphs : {
      type   = "metric"
      width  = lookup(graph, "width", 8)
      height = 6
      properties = {
        title       = graph.title
        region      = local.region
        view        = "timeSeries"
        metrics     = graph.metrics
        stat        = graph.stat
        period      = lookup(graph, "period", local.grain)
        yAxis       = { left = { label = graph.unit, min = 0, showUnits = false } }
        annotations = { horizontal = lookup(graph, "lines", []) }
      }
    }])
  })
}
