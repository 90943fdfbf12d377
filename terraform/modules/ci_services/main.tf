# AWS services of one deployment. services.json lists, for each service, the resources, and the actions
# that read them, that change them, and that the platform performs when it runs.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  services = jsondecode(templatefile("${path.module}/services.json", {
    partition = data.aws_partition.current.partition
    account   = data.aws_caller_identity.current.account_id
    region    = data.aws_region.current.name
    prefix    = var.prefix
    database  = replace(var.prefix, "-", "_")
  }))
}
