terraform {
  required_version = ">= 1.11"

  # bucket, key, region and kms_key_id come from `terraform init -backend-config=…`
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6"
    }
  }
}
