# The access of each kind of job to data, on plans. tests/cloud shows that it is sufficient.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-2" }
  }
}

variables {
  source_name = "totesys"
  generation  = 2
  catalog     = "totesys_test"
  workgroup   = "totesys-test"
  results     = { name = "results", arn = "arn:aws:s3:::results" }

  lake = {
    ingestion = { name = "ingestion", arn = "arn:aws:s3:::ingestion" }
    processed = { name = "processed", arn = "arn:aws:s3:::processed" }
  }

  secrets = {
    source           = { name = "source", arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:source" }
    warehouse_loader = { name = "loader", arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:loader" }
    warehouse_owner  = { name = "owner", arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:owner" }
  }
}

run "each_kind_of_job_reads_its_own_secret_and_no_other" {
  command = plan

  assert {
    condition = {
      for role, document in {
        build   = data.aws_iam_policy_document.build
        load    = data.aws_iam_policy_document.load
        migrate = data.aws_iam_policy_document.migrate
        compact = data.aws_iam_policy_document.compact
        publish = data.aws_iam_policy_document.publish
        } : role => flatten([
          for statement in document.statement : [for resource in statement.resources : resource]
          if contains(statement.actions, "secretsmanager:GetSecretValue")
      ])
      } == {
      build   = []
      load    = [var.secrets.warehouse_loader.arn]
      migrate = [var.secrets.warehouse_owner.arn]
      compact = []
      publish = []
    }
    error_message = "A job reads the secret of another kind of job."
  }
}

run "a_build_writes_its_generation_and_never_the_log_of_loads" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.build.statement : statement.resources
      if contains(statement.actions, "s3:PutObject")
      ])) == toset([
      "arn:aws:s3:::processed/g=2/*/batch=*",
      "arn:aws:s3:::processed/g=2/_log/dimensions/*",
      "arn:aws:s3:::processed/g=2/_log/facts/*",
      "arn:aws:s3:::processed/g=2/_log/contracts/*",
      "arn:aws:s3:::processed/_attempts/build_*",
    ])
    error_message = "A build writes more than its generation and its attempts."
  }
}

run "a_load_writes_the_log_of_loads_and_nothing_else" {
  command = plan

  assert {
    condition = flatten([
      for statement in data.aws_iam_policy_document.load.statement : [for resource in statement.resources : resource]
      if contains(statement.actions, "s3:PutObject")
    ]) == ["arn:aws:s3:::processed/_attempts/load_warehouse/*", "arn:aws:s3:::processed/g=2/_log/load/*"]
    error_message = "A load writes more than its log and its attempts."
  }
}

run "a_migration_writes_its_attempts_and_nothing_else" {
  command = plan

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.migrate.statement : one(statement.actions) => one(statement.resources)
      } == {
      "secretsmanager:GetSecretValue" = var.secrets.warehouse_owner.arn
      "s3:PutObject"                  = "arn:aws:s3:::processed/_attempts/migrate_warehouse/*"
    }
    error_message = "A migration has access to more than its secret and its attempts."
  }
}

run "only_temporary_files_of_spark_are_deleted" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in [
        data.aws_iam_policy_document.build,
        data.aws_iam_policy_document.load,
        data.aws_iam_policy_document.migrate,
        data.aws_iam_policy_document.publish,
        data.aws_iam_policy_document.compact,
        data.aws_iam_policy_document.views,
        ] : [
        for statement in document.statement : [
          for resource in statement.resources :
          can(regex("^arn:aws:s3:::processed/g=2/\\*/batch=\\*/(_temporary/\\*|__magic\\*|)$", resource))
        ] if length([for action in statement.actions : action if strcontains(action, "Delete")]) > 0
      ]
    ]))
    error_message = "A job may delete committed objects."
  }
}

run "published_tables_are_written_by_jobs_that_publish_and_tagged_by_the_compaction" {
  command = plan

  assert {
    condition = {
      for name, document in {
        build   = data.aws_iam_policy_document.build
        load    = data.aws_iam_policy_document.load
        migrate = data.aws_iam_policy_document.migrate
        publish = data.aws_iam_policy_document.publish
        compact = data.aws_iam_policy_document.compact
        } : name => join(", ", sort(flatten([
          for statement in document.statement : [
            for pair in setproduct(statement.actions, statement.resources) : join(" ", pair)
            if startswith(pair[0], "s3:Put") && can(regex("/_(published|compacted)/|/_log/published/", pair[1]))
          ]
      ])))
      } == {
      build   = ""
      load    = ""
      migrate = ""
      publish = join(", ", [
        "s3:PutObject arn:aws:s3:::processed/_published/*",
        "s3:PutObject arn:aws:s3:::processed/g=2/_log/published/*",
      ])
      compact = join(", ", [
        "s3:PutObject arn:aws:s3:::processed/_compacted/*",
        "s3:PutObjectTagging arn:aws:s3:::processed/_compacted/*",
        "s3:PutObjectTagging arn:aws:s3:::processed/_published/*",
      ])
    }
    error_message = "Another job writes published tables, or one tags other objects."
  }

  assert {
    condition = join(" ", flatten([
      for statement in data.aws_iam_policy_document.publish.statement : concat(sort(statement.actions), sort(statement.resources))
      if statement.sid == "PublishTables"
      ])) == join(" ", [
      "glue:CreateTable", "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:UpdateTable",
      "arn:aws:glue:eu-west-2:123456789012:catalog",
      "arn:aws:glue:eu-west-2:123456789012:database/totesys_test_published_ingestion",
      "arn:aws:glue:eu-west-2:123456789012:database/totesys_test_published_processed_g2",
      "arn:aws:glue:eu-west-2:123456789012:table/totesys_test_published_ingestion/*",
      "arn:aws:glue:eu-west-2:123456789012:table/totesys_test_published_processed_g2/*",
    ])
    error_message = "A job publishes in other databases, or drops tables."
  }
}

run "every_job_that_reads_many_entries_may_read_compacted_files" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in data.aws_iam_policy_document.processed.statement : concat(
        contains(statement.actions, "s3:GetObject") ? [
          contains(statement.resources, "arn:aws:s3:::processed/_compacted/*")
        ] : [],
        contains(statement.actions, "s3:ListBucket") ? [
          contains(one(statement.condition).values, "_compacted/*")
        ] : [],
      )
    ]))
    error_message = "A build or a load of many batches is refused: both look for compacted files."
  }
}

run "views_are_created_in_their_database_and_workgroup_only" {
  command = plan

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.views.statement : statement.sid => join(" ", sort(statement.resources))
      } == {
      ReadViewLog  = "arn:aws:s3:::processed/_views/*"
      AskAthena    = "arn:aws:athena:eu-west-2:123456789012:workgroup/totesys-test"
      FindResults  = "arn:aws:s3:::results"
      WriteResults = "arn:aws:s3:::results/results/*"
      CreateViews = join(" ", [
        "arn:aws:glue:eu-west-2:123456789012:catalog",
        "arn:aws:glue:eu-west-2:123456789012:database/totesys_test",
        "arn:aws:glue:eu-west-2:123456789012:table/totesys_test/*",
      ])
    }
    error_message = "The compaction may change other tables, or query in another workgroup."
  }
}

run "without_a_catalog_the_load_has_no_access_to_it" {
  command = plan

  variables {
    catalog = ""
  }

  assert {
    condition     = length(output.policies.load) == 2 && length(output.policies.compact) == 2
    error_message = "A job may publish although the variable is empty."
  }
}

run "every_action_is_listed_and_every_resource_is_named" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in [
        data.aws_iam_policy_document.build,
        data.aws_iam_policy_document.load,
        data.aws_iam_policy_document.migrate,
        data.aws_iam_policy_document.processed,
        data.aws_iam_policy_document.publish,
        data.aws_iam_policy_document.compact,
        data.aws_iam_policy_document.views,
        ] : [
        for statement in document.statement : concat(
          [for action in statement.actions : !strcontains(action, "*")],
          [for resource in statement.resources : resource != "*"],
        )
      ]
    ]))
    error_message = "A statement allows an action that is not listed, or covers every resource."
  }
}

run "invalid_values_are_refused" {
  command = plan

  variables {
    source_name = "To-te"
    generation  = 0
    catalog     = "to-te"
    secrets     = {}
  }

  expect_failures = [var.source_name, var.generation, var.catalog, var.secrets]
}

run "jobs_that_build_or_load_read_compacted_files" {
  command = plan

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.processed.statement : statement.sid => join(", ", sort(
        length(statement.condition) > 0 ? one(statement.condition).values : statement.resources
      ))
      } == {
      ReadBuilt = "arn:aws:s3:::processed/_compacted/*, arn:aws:s3:::processed/g=2, arn:aws:s3:::processed/g=2/*"
      ListBuilt = "_compacted/*, g=2/*"
    }
    error_message = "A build or a load cannot read compacted files: a replay fails."
  }
}
