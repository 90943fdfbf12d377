# The lake in Athena. Jobs create the tables and the views in the databases; the saved queries are generated from the
# contracts (python -m artifacts).

locals {
  prefix  = replace(var.name, "-", "_") # the name of a database must not have hyphens
  queries = { for file in fileset("${var.definitions}/queries", "*.sql") : trimsuffix(file, ".sql") => file("${var.definitions}/queries/${file}") }
}

resource "aws_glue_catalog_database" "views" {
  name        = local.prefix
  description = "Names that people ask: views on the published tables"
}

# The jobs that publish create the tables in these databases.
resource "aws_glue_catalog_database" "published" {
  for_each = {
    ingestion = "Changed rows of every table of the source, as Iceberg tables"
    processed = "Tables of the warehouse in the lake, as Iceberg tables"
  }

  name        = "${local.prefix}_published_${each.key}${each.key == "processed" ? "_g${var.generation}" : ""}"
  description = each.value
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
  database    = aws_glue_catalog_database.views.name
  workgroup   = aws_athena_workgroup.this.id
  query       = each.value
}
