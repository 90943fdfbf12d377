mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-west-2" }
  }

  mock_data "aws_vpc" {
    defaults = { cidr_block = "10.1.0.0/16" }
  }
}

variables {
  name       = "totesys-dev"
  vpc_id     = "vpc-1"
  subnet_ids = ["subnet-1", "subnet-2"]
}

run "no_paid_endpoint_is_created_by_default" {
  command = plan

  assert {
    condition     = length(aws_vpc_endpoint.s3) + length(aws_vpc_endpoint.interface) == 0
    error_message = "An endpoint is created by default."
  }
}

run "the_endpoint_of_s3_serves_the_route_tables" {
  command = plan

  variables {
    route_table_ids = ["rtb-1"]
  }

  assert {
    condition = [for endpoint in aws_vpc_endpoint.s3 : [endpoint.service_name, endpoint.vpc_endpoint_type, one(endpoint.route_table_ids)]] == [
      ["com.amazonaws.eu-west-2.s3", "Gateway", "rtb-1"],
    ]
    error_message = "A route table has no gateway endpoint for S3."
  }
}

run "private_subnets_receive_an_endpoint_of_every_service" {
  command = plan

  variables {
    interface_endpoints = true
  }

  assert {
    condition = toset([for endpoint in aws_vpc_endpoint.interface : endpoint.service_name]) == toset([
      for service in ["events", "glue", "kms", "logs", "monitoring", "secretsmanager"] : "com.amazonaws.eu-west-2.${service}"
    ])
    error_message = "A service that the platform calls has no endpoint."
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled && endpoint.subnet_ids == toset(var.subnet_ids)])
    error_message = "An endpoint has no private DNS name, or is not in every subnet."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints[0].cidr_ipv4 == "10.1.0.0/16" && aws_vpc_security_group_ingress_rule.endpoints[0].to_port == 443
    error_message = "Other machines of the network resolve to the endpoints, but have no access."
  }
}

run "workers_of_a_job_reach_each_other_as_glue_requires" {
  command = apply

  assert {
    condition = alltrue([for rule in [aws_vpc_security_group_ingress_rule.workers, aws_vpc_security_group_egress_rule.workers] :
      rule.referenced_security_group_id == aws_security_group.workers.id && [rule.ip_protocol, rule.from_port, rule.to_port] == ["tcp", 0, 65535]
    ])
    error_message = "Glue would refuse a connection with this security group."
  }

  assert {
    condition     = output.security_group_id == aws_security_group.workers.id
    error_message = "The workers have another security group."
  }
}

run "workers_reach_only_aws_and_the_databases" {
  command = plan

  variables {
    database_ports = [5432, 6432]
    database_cidrs = ["10.1.2.0/24"]
  }

  assert {
    condition = toset([for rule in concat([aws_vpc_security_group_egress_rule.aws], values(aws_vpc_security_group_egress_rule.databases)) : [rule.cidr_ipv4, rule.from_port, rule.to_port]]) == toset([
      ["0.0.0.0/0", 443, 443], ["10.1.2.0/24", 5432, 5432], ["10.1.2.0/24", 6432, 6432],
    ])
    error_message = "Workers reach more or fewer destinations."
  }
}

run "a_network_without_subnets_is_refused" {
  command = plan

  variables {
    subnet_ids = []
  }

  expect_failures = [var.subnet_ids]
}
