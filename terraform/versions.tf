terraform {
  required_version = ">= 1.11"

  # .ci/terraform passes bucket, key, region and kms_key_id of the environment's state.
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
