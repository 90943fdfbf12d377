output "ingestion" {
  description = "Bucket of batches, their log and the mirror"
  value       = { name = module.bucket["ingestion"].name, arn = module.bucket["ingestion"].arn }
}

output "processed" {
  description = "Bucket of the tables of the warehouse, and of the logs of dimensions, facts and loads"
  value       = { name = module.bucket["processed"].name, arn = module.bucket["processed"].arn }
}
