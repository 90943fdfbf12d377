output "ingestion_database" {
  description = "Database of the changed rows as they landed"
  value       = aws_glue_catalog_database.ingestion.name
}

output "processed_database" {
  description = "Database of the warehouse's tables in the lake"
  value       = aws_glue_catalog_database.processed.name
}

output "workgroup" {
  description = "Athena workgroup that holds the named queries"
  value       = aws_athena_workgroup.this.name
}
