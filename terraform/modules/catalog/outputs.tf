output "ingestion_database" {
  description = "Name of the database of changed rows"
  value       = aws_glue_catalog_database.ingestion.name
}

output "processed_database" {
  description = "Name of the database of the tables of the warehouse"
  value       = aws_glue_catalog_database.processed.name
}

output "published_databases" {
  description = "Names of the databases of Iceberg tables: ingestion and processed"
  value       = { for key, database in aws_glue_catalog_database.published : key => database.name }
}

output "workgroup" {
  description = "Name of the Athena workgroup with the named queries"
  value       = aws_athena_workgroup.this.name
}
