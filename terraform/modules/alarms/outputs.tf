output "topic_arn" {
  description = "ARN of the SNS topic that receives every alarm"
  value       = aws_sns_topic.this.arn
}

output "alarms" {
  description = "Names of the alarms by short name, which is also the name of the page in the runbook"
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_name }
}
