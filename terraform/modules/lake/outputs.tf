output "ingestion" {
  description = "The bucket of batches, their log and the mirror"
  value       = { name = module.bucket["ingestion"].name, arn = module.bucket["ingestion"].arn }
}

output "processed" {
  description = "The bucket of the warehouse's tables, and of the logs of dimensions, facts and loads"
  value       = { name = module.bucket["processed"].name, arn = module.bucket["processed"].arn }
}
