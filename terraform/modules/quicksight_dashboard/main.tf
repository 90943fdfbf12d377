# The dashboard of the questions, and an analysis with the same content for authors.

locals {
  may = {
    view = ["DescribeDashboard", "ListDashboardVersions", "QueryDashboard"]
    edit = [
      "DeleteAnalysis", "DescribeAnalysis", "DescribeAnalysisPermissions", "QueryAnalysis", "RestoreAnalysis",
      "UpdateAnalysis", "UpdateAnalysisPermissions",
    ]
  }
}

module "template" {
  source = "../quicksight_template"

  name        = var.name
  definitions = var.definitions
  data_sets   = var.data_sets
}

resource "aws_quicksight_analysis" "this" {
  analysis_id             = var.name
  name                    = "Questions (${var.name})"
  recovery_window_in_days = 7

  source_entity {
    source_template {
      arn = module.template.arn

      dynamic "data_set_references" {
        for_each = var.data_sets

        content {
          data_set_placeholder = data_set_references.key
          data_set_arn         = data_set_references.value.arn
        }
      }
    }
  }

  dynamic "permissions" {
    for_each = var.authors

    content {
      principal = permissions.value
      actions   = [for action in local.may.edit : "quicksight:${action}"]
    }
  }
}

resource "aws_quicksight_dashboard" "this" {
  dashboard_id        = var.name
  name                = "Questions (${var.name})"
  version_description = module.template.id

  source_entity {
    source_template {
      arn = module.template.arn

      dynamic "data_set_references" {
        for_each = var.data_sets

        content {
          data_set_placeholder = data_set_references.key
          data_set_arn         = data_set_references.value.arn
        }
      }
    }
  }

  dynamic "permissions" {
    for_each = setunion(var.viewers, var.authors)

    content {
      principal = permissions.value
      actions   = [for action in local.may.view : "quicksight:${action}"]
    }
  }
}
