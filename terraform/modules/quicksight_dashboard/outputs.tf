output "dashboard" {
  description = "Id of the dashboard, which is part of its URL"
  value       = aws_quicksight_dashboard.this.dashboard_id
}
