# The bucket of the states cannot hold its own state before it exists. The first apply therefore keeps the
# state in a local file. Afterwards, add a backend "s3" {} here and run `terraform init -migrate-state` with
# the output "backend".
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6"
    }
  }
}
