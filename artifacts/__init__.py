"""The artifacts that Terraform deploys, built by `python -m artifacts`."""
