environment = "dev"

# The environment can be destroyed and created again immediately.
retention            = { mode = "GOVERNANCE", days = 0 }
mirror_days          = 7
log_retention_days   = 14
secret_recovery_days = 0
force_destroy        = true
