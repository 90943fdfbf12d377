mock_provider "aws" {}

# The template has its own tests, and its plan takes long.
override_module {
  target  = module.template
  outputs = { arn = "arn:aws:quicksight:eu-west-2:123456789012:template/totesys-test-1", id = "totesys-test-1" }
}

# `make package` builds the definitions.
variables {
  name        = "totesys-test"
  definitions = "../../../build/quicksight"
  data_sets = { for name, question in jsondecode(file("../../../build/quicksight/data_sets.json")).questions : name => {
    arn     = "arn:aws:quicksight:eu-west-2:123456789012:dataset/totesys-test-${name}"
    columns = question.columns
  } }
  viewers = ["arn:aws:quicksight:eu-west-2:123456789012:group/default/everybody"]
  authors = ["arn:aws:quicksight:eu-west-2:123456789012:group/default/analysts"]
}

run "dashboard_and_analysis_have_the_same_template_and_data_sets" {
  command = plan

  assert {
    condition = aws_quicksight_dashboard.this.source_entity[0].source_template[0] == aws_quicksight_analysis.this.source_entity[0].source_template[0] && (
      aws_quicksight_dashboard.this.source_entity[0].source_template[0].arn == module.template.arn
    )
    error_message = "The analysis differs from the dashboard."
  }

  assert {
    condition = { for reference in aws_quicksight_dashboard.this.source_entity[0].source_template[0].data_set_references :
      reference.data_set_placeholder => reference.data_set_arn
    } == { for name, data_set in var.data_sets : name => data_set.arn }
    error_message = "A question is shown with the data of another."
  }
}

run "viewers_view_and_authors_change" {
  command = plan

  assert {
    condition = { for permission in aws_quicksight_dashboard.this.permissions : permission.principal => permission.actions } == {
      for principal in setunion(var.viewers, var.authors) : principal => toset([
        "quicksight:DescribeDashboard", "quicksight:ListDashboardVersions", "quicksight:QueryDashboard",
      ])
    }
    error_message = "A principal may change the dashboard, or cannot view it."
  }

  assert {
    condition     = toset([for permission in aws_quicksight_analysis.this.permissions : permission.principal]) == var.authors
    error_message = "Viewers could change the analysis, or authors could not use it."
  }
}

run "invalid_principals_and_names_are_refused" {
  command = plan

  variables {
    name    = "Totesys"
    viewers = ["arn:aws:iam::123456789012:user/somebody"]
    authors = ["everybody"]
  }

  expect_failures = [var.name, var.viewers, var.authors]
}
