# The warehouse in QuickSight: one data source, and one data set per question of totesys/questions. Data
# sets and queries are generated (python -m artifacts).

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# A role of the account, not of the platform: QuickSight finds it by its name, and an administrator lets
# QuickSight create it.
data "aws_iam_role" "reader" {
  name = var.reader_role
}

locals {
  generated = jsondecode(file("${var.definitions}/data_sets.json"))

  questions = { for name, question in local.generated.questions : name => merge(question, {
    query = templatefile("${var.definitions}/queries/${name}.sql", { schema = var.schema })
  }) }

  in_network = var.network == null ? [] : [var.network]
  ec2        = "arn:${data.aws_partition.current.partition}:ec2:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  may = {
    read_source   = ["DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource"]
    read_data_set = ["DescribeDataSet", "DescribeDataSetPermissions", "DescribeIngestion", "ListIngestions", "PassDataSet"]
  }
}

# Permissions by which QuickSight reads the password when a dashboard is viewed.
data "aws_iam_policy_document" "secret" {
  statement {
    sid       = "ReadAsQuickSight"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret.arn]

    principals {
      type        = "AWS"
      identifiers = [data.aws_iam_role.reader.arn]
    }
  }
}

resource "aws_secretsmanager_secret_policy" "this" {
  secret_arn          = var.secret.arn
  policy              = data.aws_iam_policy_document.secret.json
  block_public_policy = true
}

resource "aws_kms_grant" "this" {
  name              = "${var.name}-quicksight"
  key_id            = var.key_arn
  grantee_principal = data.aws_iam_role.reader.arn
  operations        = ["Decrypt"]

  constraints {
    encryption_context_subset = { SecretARN = var.secret.arn }
  }
}

# The subnets from which QuickSight reaches the warehouse, unless over the internet.
data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "ConnectForQuickSight"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["quicksight.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "network" {
  #checkov:skip=CKV_AWS_356:EC2 does not restrict Describe actions to a resource
  count = length(local.in_network)

  statement {
    sid       = "DescribeNetwork"
    actions   = ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets"]
    resources = ["*"]
  }

  statement {
    sid     = "PlaceIntoVpc"
    actions = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:ModifyNetworkInterfaceAttribute"]
    resources = concat(
      ["${local.ec2}:network-interface/*"],
      [for subnet in var.network.subnet_ids : "${local.ec2}:subnet/${subnet}"],
      [for group in concat(var.network.security_group_ids, aws_security_group.this[*].id) : "${local.ec2}:security-group/${group}"],
    )
  }
}

resource "aws_iam_role" "network" {
  count = length(local.in_network)

  name                 = "${var.name}-quicksight"
  description          = "Places QuickSight into the subnets of the warehouse"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "network" {
  count = length(local.in_network)

  name   = "network"
  role   = aws_iam_role.network[0].id
  policy = data.aws_iam_policy_document.network[0].json
}

# The groups of an interface of QuickSight do not admit the answers to its own requests: "Inbound rules" in
# the user guide of QuickSight. Their ports are random, so all ports of TCP are open to the databases.
resource "aws_security_group" "this" {
  count = length(local.in_network)

  name        = "${var.name}-quicksight"
  description = "Answers of the warehouse to QuickSight"
  vpc_id      = var.network.vpc_id
  tags        = { Name = "${var.name}-quicksight" }
}

resource "aws_vpc_security_group_ingress_rule" "answers" {
  for_each = try(var.network.database_cidrs, toset([]))

  security_group_id = aws_security_group.this[0].id
  description       = "Answers of the warehouse"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 0
  to_port           = 65535
}

resource "aws_quicksight_vpc_connection" "this" {
  count = length(local.in_network)

  vpc_connection_id  = var.name
  name               = var.name
  role_arn           = aws_iam_role.network[0].arn
  subnet_ids         = var.network.subnet_ids
  security_group_ids = concat(var.network.security_group_ids, aws_security_group.this[*].id)

  depends_on = [aws_iam_role_policy.network]
}

resource "aws_quicksight_data_source" "this" {
  data_source_id = var.name
  name           = "Warehouse (${var.name})"
  type           = "POSTGRESQL"

  parameters {
    postgresql {
      host     = var.warehouse.host
      port     = var.warehouse.port
      database = var.warehouse.database
    }
  }

  credentials {
    secret_arn = var.secret.arn
  }

  ssl_properties {
    disable_ssl = false
  }

  dynamic "vpc_connection_properties" {
    for_each = aws_quicksight_vpc_connection.this

    content {
      vpc_connection_arn = vpc_connection_properties.value.arn
    }
  }

  dynamic "permission" {
    for_each = var.authors

    content {
      principal = permission.value
      actions   = [for action in local.may.read_source : "quicksight:${action}"]
    }
  }

  # QuickSight tests the connection when it creates the data source.
  depends_on = [aws_secretsmanager_secret_policy.this, aws_kms_grant.this]
}

resource "aws_quicksight_data_set" "question" {
  for_each = local.questions

  data_set_id = "${var.name}-${replace(each.key, "_", "-")}"
  name        = "${each.value.title} (${var.name})"
  import_mode = var.import_mode

  physical_table_map {
    physical_table_map_id = replace(each.key, "_", "-")

    custom_sql {
      data_source_arn = aws_quicksight_data_source.this.arn
      name            = each.key
      sql_query       = each.value.query

      dynamic "columns" {
        for_each = each.value.columns

        content {
          name = columns.value.name
          type = columns.value.type
        }
      }
    }
  }

  dynamic "permissions" {
    for_each = var.authors

    content {
      principal = permissions.value
      actions   = [for action in local.may.read_data_set : "quicksight:${action}"]
    }
  }
}

# Whole facts, for analyses beyond the questions; never copied to SPICE.
resource "aws_quicksight_data_set" "view" {
  for_each = local.generated.views

  data_set_id = "${var.name}-${replace(each.key, "_", "-")}"
  name        = "${each.value.title} (${var.name})"
  import_mode = "DIRECT_QUERY"

  physical_table_map {
    physical_table_map_id = replace(each.key, "_", "-")

    relational_table {
      data_source_arn = aws_quicksight_data_source.this.arn
      schema          = var.schema
      name            = each.key

      dynamic "input_columns" {
        for_each = each.value.columns

        content {
          name = input_columns.value.name
          type = input_columns.value.type
        }
      }
    }
  }

  dynamic "permissions" {
    for_each = var.authors

    content {
      principal = permissions.value
      actions   = [for action in local.may.read_data_set : "quicksight:${action}"]
    }
  }
}

# One hour is the shortest interval for a full refresh in QuickSight.
resource "aws_quicksight_refresh_schedule" "this" {
  for_each = var.import_mode == "SPICE" ? aws_quicksight_data_set.question : {}

  data_set_id = each.value.data_set_id
  schedule_id = "hourly"

  schedule {
    refresh_type = "FULL_REFRESH"

    schedule_frequency {
      interval = "HOURLY"
    }
  }
}
