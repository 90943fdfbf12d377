# The bucket of the states cannot hold the state of its own making. So the first apply keeps the
# state in a file here; after it a backend "s3" {} is added, and `terraform init -migrate-state`
# moves it to where the output "backend" says.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6"
    }
  }
}
