environment = "prod"

# A committed batch cannot be deleted for a year. Spark's output can be built again, so it has no lock.
retention            = { mode = "GOVERNANCE", days = 365, processed_days = 0 }
mirror_days          = 30
log_retention_days   = 365
secret_recovery_days = 30
