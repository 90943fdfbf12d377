# Security groups and endpoints of the platform in an existing network with private subnets. Variables
# select whether the subnets reach AWS through endpoints of this module.

data "aws_region" "current" {}

data "aws_vpc" "this" {
  id = var.vpc_id
}

locals {
  # services that the Lambda function and the jobs call, besides S3
  services = var.interface_endpoints ? toset([
    "events", "glue", "kms", "logs", "monitoring", "secretsmanager",
  ]) : toset([])

  databases = {
    for pair in setproduct(var.database_ports, var.database_cidrs) :
    "${pair[0]} ${pair[1]}" => { port = pair[0], cidr = pair[1] }
  }
}

# No endpoint policy: other machines of these subnets use it too.
resource "aws_vpc_endpoint" "s3" {
  count = length(var.route_table_ids) > 0 ? 1 : 0

  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${data.aws_region.current.name}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.route_table_ids
  tags              = { Name = "${var.name}-s3" }
}

# No endpoint policy: with private DNS it serves the whole network.
resource "aws_vpc_endpoint" "interface" {
  for_each = local.services

  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${data.aws_region.current.name}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.subnet_ids
  security_group_ids  = aws_security_group.endpoints[*].id
  private_dns_enabled = true
  tags                = { Name = "${var.name}-${each.key}" }
}

resource "aws_security_group" "workers" {
  #checkov:skip=CKV2_AWS_5:The Lambda function and the Glue connection use it, in other modules
  name        = "${var.name}-workers"
  description = "Lambda function and Glue workers of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-workers" }
}

# Glue refuses a connection unless its security group admits itself on every port.
resource "aws_vpc_security_group_ingress_rule" "workers" {
  #checkov:skip=CKV_AWS_24:The rule admits the group itself and no address
  #checkov:skip=CKV_AWS_25:The rule admits the group itself and no address
  #checkov:skip=CKV_AWS_260:The rule admits the group itself and no address
  security_group_id            = aws_security_group.workers.id
  description                  = "Glue workers of one job"
  referenced_security_group_id = aws_security_group.workers.id
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "workers" {
  security_group_id            = aws_security_group.workers.id
  description                  = "Glue workers of one job"
  referenced_security_group_id = aws_security_group.workers.id
  ip_protocol                  = "tcp"
  from_port                    = 0
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "aws" {
  security_group_id = aws_security_group.workers.id
  description       = "AWS services"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "databases" {
  for_each = local.databases

  security_group_id = aws_security_group.workers.id
  description       = "Source and warehouse"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

resource "aws_security_group" "endpoints" {
  count = var.interface_endpoints ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Interface endpoints of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-endpoints" }
}

# The whole network: its other machines resolve these services to the endpoints too.
resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = var.interface_endpoints ? 1 : 0

  security_group_id = aws_security_group.endpoints[0].id
  description       = "Clients of these services in the network"
  cidr_ipv4         = data.aws_vpc.this.cidr_block
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
