mock_provider "aws" {}

# `make package` builds the definitions.
variables {
  name           = "totesys-test"
  definitions    = "../../../build/catalog"
  generation     = 2
  key_arn        = "arn:aws:kms:eu-west-2:123456789012:key/1"
  results_bucket = "totesys-test-athena-123456789012"
}

run "one_database_has_the_names_and_one_each_the_published_tables" {
  command = plan

  assert {
    condition = output.databases == {
      views               = "totesys_test"
      published_ingestion = "totesys_test_published_ingestion"
      published_processed = "totesys_test_published_processed_g2"
    }
    error_message = "A database has another name than the jobs use."
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

run "only_queries_with_a_parameter_are_saved_beside_the_views" {
  command = plan

  assert {
    condition = alltrue([
      for query in aws_athena_named_query.this :
      length(query.description) > 20 && query.database == "totesys_test" && strcontains(query.query, "?")
    ])
    error_message = "A query has no description, another database or no parameter."
  }

  assert {
    condition     = toset(keys(aws_athena_named_query.this)) == toset(["fact_payment_as_of", "fact_purchase_order_as_of", "fact_sales_order_as_of"])
    error_message = "A fact has no query as of a moment."
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
