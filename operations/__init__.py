"""What people on call ask of the platform, on one machine as in AWS: status, logs, a smoke test."""
