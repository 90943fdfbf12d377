# The lake in Athena. Tables and queries are generated from the contracts (python -m artifacts). The load
# registers the partitions of committed batches.

locals {
  tables = jsondecode(file("${var.definitions}/tables.json"))
  prefix = replace(var.name, "-", "_") # the name of a database must not have hyphens

  all_tables = merge(
    { for name, table in local.tables.ingestion : "ingestion/${name}" => merge(table, {
      name     = name
      database = aws_glue_catalog_database.ingestion.name
      location = "s3://${var.lake.ingestion.name}/${local.tables.source}/${name}/"
    }) },
    { for name, table in local.tables.processed : "processed/${name}" => merge(table, {
      name     = name
      database = aws_glue_catalog_database.processed.name
      location = "s3://${var.lake.processed.name}/g=${var.generation}/${name}/"
    }) },
  )

  queries = {
    for file in fileset("${var.definitions}/queries", "*.sql") : trimsuffix(file, ".sql") =>
    templatefile("${var.definitions}/queries/${file}", { ingestion = aws_glue_catalog_database.ingestion.name })
  }
}

resource "aws_glue_catalog_database" "ingestion" {
  name        = "${local.prefix}_ingestion"
  description = "Changed rows of every table of ${local.tables.source}"
}

resource "aws_glue_catalog_database" "processed" {
  name        = "${local.prefix}_processed_g${var.generation}"
  description = "Tables of the warehouse in the lake: facts by version, dimensions by change"
}

# The jobs that publish create the tables in these databases.
resource "aws_glue_catalog_database" "published" {
  for_each = {
    ingestion = "Changed rows of every table of ${local.tables.source}, as Iceberg tables"
    processed = "Tables of the warehouse in the lake, as Iceberg tables"
  }

  name        = "${local.prefix}_published_${each.key}${each.key == "processed" ? "_g${var.generation}" : ""}"
  description = each.value
}

resource "aws_glue_catalog_table" "this" {
  for_each = local.all_tables

  name          = each.value.name
  database_name = each.value.database
  description   = each.value.about
  table_type    = "EXTERNAL_TABLE"
  parameters    = { EXTERNAL = "TRUE", classification = "parquet" }

  dynamic "partition_keys" {
    for_each = each.value.partition_keys

    content {
      name    = partition_keys.value.name
      type    = partition_keys.value.type
      comment = partition_keys.value.comment
    }
  }

  storage_descriptor {
    location      = each.value.location
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}

resource "aws_athena_workgroup" "this" {
  name          = var.name
  description   = "Queries of the lake of ${var.name}"
  force_destroy = true # it contains only the history of queries

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit_bytes

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${var.results_bucket}/results/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.key_arn
      }
    }
  }
}

resource "aws_athena_named_query" "this" {
  for_each = local.queries

  name        = each.key
  description = trimprefix(split("\n", each.value)[0], "-- ")
  database    = aws_glue_catalog_database.processed.name
  workgroup   = aws_athena_workgroup.this.id
  query       = each.value
}
