mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/service-role/aws-quicksight-secretsmanager-role-v0" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/totesys-test-quicksight" }
  }

  mock_resource "aws_quicksight_data_source" {
    defaults = { arn = "arn:aws:quicksight:eu-west-2:123456789012:datasource/totesys-test" }
  }

  mock_resource "aws_quicksight_vpc_connection" {
    defaults = { arn = "arn:aws:quicksight:eu-west-2:123456789012:vpcConnection/totesys-test" }
  }

  mock_resource "aws_security_group" {
    defaults = { id = "sg-2" }
  }
}

# `make package` builds the definitions.
variables {
  name        = "totesys-test"
  definitions = "../../../build/quicksight"
  warehouse   = { host = "warehouse.example.internal", port = 5432, database = "warehouse" }
  schema      = "stars"
  secret      = { name = "totesys-test/warehouse-reader", arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:totesys-test/warehouse-reader-abcdef" }
  key_arn     = "arn:aws:kms:eu-west-2:123456789012:key/1"
  authors     = ["arn:aws:quicksight:eu-west-2:123456789012:group/default/analysts"]
}

run "the_warehouse_is_read_by_its_reader_over_tls" {
  assert {
    condition     = one(aws_quicksight_data_source.this.credentials).secret_arn == var.secret.arn
    error_message = "The data source does not use the secret of readers."
  }

  assert {
    condition     = !one(aws_quicksight_data_source.this.ssl_properties).disable_ssl
    error_message = "Password and data would be transferred without TLS."
  }

  assert {
    condition     = one(one(aws_quicksight_data_source.this.parameters).postgresql) == { host = "warehouse.example.internal", port = 5432, database = "warehouse" }
    error_message = "The data source has another database."
  }
}

run "quicksight_reads_only_the_secret_of_readers" {
  assert {
    condition = one(data.aws_iam_policy_document.secret.statement).actions == toset(["secretsmanager:GetSecretValue"]) && (
      one(one(data.aws_iam_policy_document.secret.statement).principals).identifiers == toset([data.aws_iam_role.reader.arn])
    )
    error_message = "Another principal may read the secret, or QuickSight cannot."
  }

  assert {
    condition = aws_kms_grant.this.operations == toset(["Decrypt"]) && (
      jsonencode(one(aws_kms_grant.this.constraints).encryption_context_subset) == jsonencode({ SecretARN = var.secret.arn })
    )
    error_message = "QuickSight could use the key for more than the secret of readers."
  }
}

run "every_question_is_a_data_set_in_the_schema" {
  assert {
    condition     = toset(keys(aws_quicksight_data_set.question)) == toset([for file in fileset("${var.definitions}/queries", "*.sql") : trimsuffix(file, ".sql")])
    error_message = "Questions and queries differ."
  }

  assert {
    condition = alltrue([
      for set in aws_quicksight_data_set.question :
      !can(regex("[$][{]", one(one(set.physical_table_map).custom_sql).sql_query)) &&
      can(regex("(stars[.]|etl[.]ledger)", one(one(set.physical_table_map).custom_sql).sql_query))
    ])
    error_message = "A query does not name the schema, and QuickSight sets no search_path."
  }

  assert {
    condition     = alltrue([for set in aws_quicksight_data_set.question : length(one(one(set.physical_table_map).custom_sql).columns) > 0])
    error_message = "A data set has no columns."
  }
}

run "whole_facts_are_never_copied" {
  assert {
    condition = alltrue([
      for name, set in aws_quicksight_data_set.view :
      set.import_mode == "DIRECT_QUERY" && one(one(set.physical_table_map).relational_table).schema == "stars" && endswith(name, "_wide")
    ])
    error_message = "QuickSight would copy every row of a fact each hour."
  }
}

run "copies_are_refreshed_each_hour" {
  assert {
    condition = keys(aws_quicksight_refresh_schedule.this) == keys(aws_quicksight_data_set.question) && alltrue([
      for refresh in aws_quicksight_refresh_schedule.this : one(one(refresh.schedule).schedule_frequency).interval == "HOURLY"
    ])
    error_message = "A data set would never be refreshed."
  }
}

run "direct_queries_have_no_refresh_schedule" {
  command = plan

  variables {
    import_mode = "DIRECT_QUERY"
  }

  assert {
    condition     = length(aws_quicksight_refresh_schedule.this) == 0 && alltrue([for set in aws_quicksight_data_set.question : set.import_mode == "DIRECT_QUERY"])
    error_message = "A data set is copied, or a schedule has no copy to refresh."
  }
}

run "without_a_network_no_vpc_connection_is_created" {
  command = plan

  assert {
    condition     = length(aws_quicksight_vpc_connection.this) == 0 && length(aws_iam_role.network) == 0
    error_message = "A VPC connection is created although the variable is null."
  }
}

run "in_a_network_the_data_source_uses_its_subnets" {
  variables {
    network = {
      vpc_id             = "vpc-1"
      subnet_ids         = ["subnet-1", "subnet-2"]
      security_group_ids = ["sg-1"]
      database_cidrs     = ["10.1.2.0/24", "10.1.3.0/24"]
    }
  }

  assert {
    condition = one(aws_quicksight_data_source.this.vpc_connection_properties).vpc_connection_arn == aws_quicksight_vpc_connection.this[0].arn && (
      aws_quicksight_vpc_connection.this[0].subnet_ids == toset(["subnet-1", "subnet-2"]) &&
      aws_quicksight_vpc_connection.this[0].security_group_ids == toset(["sg-1", aws_security_group.this[0].id])
    )
    error_message = "The data source does not use the VPC connection."
  }

  assert {
    condition = toset([
      for rule in aws_vpc_security_group_ingress_rule.answers :
      [rule.security_group_id, rule.cidr_ipv4, rule.ip_protocol, rule.from_port, rule.to_port]
      ]) == toset([
      for cidr in ["10.1.2.0/24", "10.1.3.0/24"] : [aws_security_group.this[0].id, cidr, "tcp", 0, 65535]
    ])
    error_message = "The answers of the warehouse do not reach QuickSight."
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.network[0].statement : statement.actions if contains(statement.resources, "*")
    ])) == toset(["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets"])
    error_message = "QuickSight could change other resources of the network."
  }
}

run "one_subnet_is_refused" {
  command = plan

  variables {
    network = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], database_cidrs = [] }
  }

  expect_failures = [var.network]
}

run "invalid_values_are_refused" {
  command = plan

  variables {
    name        = "Totesys"
    warehouse   = { host = "postgresql://warehouse", port = 0, database = "" }
    schema      = "my schema"
    key_arn     = "alias/totesys"
    reader_role = "arn:aws:iam::123456789012:role/reader"
    import_mode = "DAILY"
    authors     = ["arn:aws:iam::123456789012:user/somebody"]
  }

  expect_failures = [
    var.name, var.warehouse, var.schema, var.key_arn, var.reader_role, var.import_mode, var.authors,
  ]
}
