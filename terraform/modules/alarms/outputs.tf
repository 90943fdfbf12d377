output "topic_arn" {
  description = "SNS topic that gets every alarm"
  value       = aws_sns_topic.this.arn
}

output "alarms" {
  description = "Names of the alarms, by what they watch: the name of the runbook's page"
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_name }
}
