"""What Terraform deploys, made of the sources and the lock files: `python -m artifacts`."""
