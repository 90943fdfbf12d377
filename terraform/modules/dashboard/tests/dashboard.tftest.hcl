mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-2" }
  }
}

variables {
  name           = "totesys-test"
  source_name    = "totesys"
  function_name  = "totesys-test-ingestion"
  queue_name     = "totesys-test-dead-letters"
  job_log_groups = ["/aws-glue/jobs/build/output", "/aws-glue/jobs/load/output"]
  bucket_names   = ["totesys-test-ingestion-123456789012"]
  alarm_names    = ["totesys-test-silence"]
  memory_mb      = 1024
  workers        = 2
}

run "every_widget_has_a_title_and_content" {
  assert {
    condition = alltrue([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets :
      length(widget.properties.title) > 10
      && anytrue([for kind in ["metrics", "alarms", "query"] : try(length(widget.properties[kind]) > 0, false)])
    ])
    error_message = "A widget has no title or no content."
  }
}

run "freshness_is_drawn_against_the_alarm_and_the_promise" {
  assert {
    condition = [
      for line in one([
        for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget
        if can(regex("\"Freshness\"", jsonencode(widget)))
      ]).properties.annotations.horizontal : line.value
    ] == [1200, 1800]
    error_message = "The lines at 20 and at 30 minutes are missing."
  }
}

run "alarms_are_shown_by_their_arns" {
  assert {
    condition = jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[0].properties.alarms == [
      "arn:aws:cloudwatch:eu-west-2:123456789012:alarm:totesys-test-silence"
    ]
    error_message = "The alarms differ from the variable."
  }
}

run "durations_and_costs_of_the_jobs_are_read_from_their_logs" {
  assert {
    condition = [
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.query
      if widget.type == "log"
      ] == [
      "SOURCE '/aws-glue/jobs/build/output' | SOURCE '/aws-glue/jobs/load/output' | filter message = 'job ended' | stats max(seconds) by job, bin(5m)",
      "SOURCE '/aws-glue/jobs/build/output' | SOURCE '/aws-glue/jobs/load/output' | filter message = 'job ended' | stats sum(seconds) / 3600 * 2 as dpu_hours by job, bin(1d)",
    ]
    error_message = "A job is missing among the durations or the costs."
  }

  assert {
    condition     = !can(regex("\"Glue\"", aws_cloudwatch_dashboard.this.dashboard_body))
    error_message = "A graph needs the metrics of Glue, which are off by default."
  }
}
