output "databases" {
  description = "Names of the databases in the Data Catalog: views, and published_ingestion and published_processed with Iceberg tables"
  value = merge(
    { views = aws_glue_catalog_database.views.name },
    { for key, database in aws_glue_catalog_database.published : "published_${key}" => database.name },
  )
}

output "workgroup" {
  description = "Name of the Athena workgroup with the named queries"
  value       = aws_athena_workgroup.this.name
}
