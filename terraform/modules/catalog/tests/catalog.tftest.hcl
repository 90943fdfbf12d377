mock_provider "aws" {}

# `make package` builds the definitions.
variables {
  name           = "totesys-test"
  definitions    = "../../../build/catalog"
  generation     = 2
  key_arn        = "arn:aws:kms:eu-west-2:123456789012:key/1"
  results_bucket = "totesys-test-athena-123456789012"
  lake = {
    ingestion = { name = "totesys-test-ingestion-1", arn = "arn:aws:s3:::totesys-test-ingestion-1" }
    processed = { name = "totesys-test-processed-1", arn = "arn:aws:s3:::totesys-test-processed-1" }
  }
}

run "every_table_has_the_location_of_the_lake_layout" {
  command = plan

  assert {
    condition = { for name, table in aws_glue_catalog_table.this : name => table.storage_descriptor[0].location } == {
      for name, table in aws_glue_catalog_table.this : name => startswith(name, "ingestion/") ?
      "s3://totesys-test-ingestion-1/totesys/${table.name}/" :
      "s3://totesys-test-processed-1/g=2/${table.name}/"
    }
    error_message = "The location of a table differs from the layout of the lake."
  }

  assert {
    condition = alltrue([
      for name, table in aws_glue_catalog_table.this :
      startswith(name, "ingestion/") == (table.database_name == "totesys_test_ingestion")
    ])
    error_message = "A table of the source is in the wrong database."
  }

  assert {
    condition = alltrue([
      for name, table in aws_glue_catalog_table.this :
      startswith(name, "processed/") == (table.database_name == "totesys_test_processed_g2")
    ])
    error_message = "A table of the warehouse is in the wrong database."
  }
}

run "every_table_is_partitioned_by_batch_and_read_as_parquet" {
  command = plan

  assert {
    condition     = alltrue([for table in aws_glue_catalog_table.this : table.partition_keys[length(table.partition_keys) - 1].name == "batch"])
    error_message = "A table has no partition for each batch."
  }

  assert {
    condition = toset([
      for table in aws_glue_catalog_table.this : table.storage_descriptor[0].ser_de_info[0].serialization_library
    ]) == toset(["org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"])
    error_message = "A table is not read as Parquet."
  }
}

run "no_table_uses_partition_projection" {
  command = plan

  assert {
    condition = alltrue([
      for table in aws_glue_catalog_table.this :
      length([for name in keys(table.parameters) : name if startswith(name, "projection")]) == 0
    ])
    error_message = "Partition projection would show files that were never committed."
  }
}

run "clients_cannot_override_the_limit_and_the_encryption" {
  command = plan

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].enforce_workgroup_configuration
    error_message = "A client may override the settings."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 10737418240
    error_message = "A query has no scan limit."
  }

  assert {
    condition     = aws_athena_workgroup.this.configuration[0].result_configuration[0].encryption_configuration[0].kms_key_arn == var.key_arn
    error_message = "Results are not encrypted with the key of the platform."
  }
}

run "every_query_has_a_description_and_existing_databases" {
  command = plan

  assert {
    condition     = alltrue([for query in aws_athena_named_query.this : length(query.description) > 20])
    error_message = "A query has no description."
  }

  assert {
    condition     = toset([for query in aws_athena_named_query.this : query.database]) == toset(["totesys_test_processed_g2"])
    error_message = "A query has the wrong database."
  }

  assert {
    condition     = length([for query in aws_athena_named_query.this : query if can(regex("[$][{]", query.query))]) == 0
    error_message = "A placeholder of a query was not replaced."
  }

  assert {
    condition     = strcontains(aws_athena_named_query.this["dim_staff_history"].query, "totesys_test_ingestion.staff")
    error_message = "The history of a dimension does not read the times of its batches."
  }
}

run "a_folder_without_definitions_is_refused_with_the_remedy" {
  command = plan

  variables {
    definitions = "tests"
  }

  expect_failures = [var.definitions]
}

run "invalid_names_are_refused" {
  command = plan

  variables {
    name = "Totesys_dev"
  }

  expect_failures = [var.name]
}

run "a_bucket_url_is_refused" {
  command = plan

  variables {
    results_bucket = "s3://totesys-test-athena/results"
  }

  expect_failures = [var.results_bucket]
}

run "a_limit_below_the_minimum_of_athena_is_refused" {
  command = plan

  variables {
    scan_limit_bytes = 1000000
  }

  expect_failures = [var.scan_limit_bytes]
}

run "generation_0_is_refused" {
  command = plan

  variables {
    generation = 0
  }

  expect_failures = [var.generation]
}
