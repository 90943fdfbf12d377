output "dashboard" {
  description = "Id of the dashboard, which is in its address"
  value       = aws_quicksight_dashboard.this.dashboard_id
}
