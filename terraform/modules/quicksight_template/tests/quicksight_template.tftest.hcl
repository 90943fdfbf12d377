mock_provider "aws" {}

# `make package` builds the definitions.
variables {
  name        = "totesys-test"
  definitions = "../../../build/quicksight"
  data_sets = { for name, question in jsondecode(file("../../../build/quicksight/data_sets.json")).questions : name => {
    arn     = "arn:aws:quicksight:eu-west-2:123456789012:dataset/totesys-test-${name}"
    columns = question.columns
  } }
}

# Plans only: the many nested blocks of the resource make each step expensive.
run "every_question_has_its_visual_and_separate_currencies" {
  command = plan

  assert {
    condition     = [for sheet in one(values(aws_quicksight_template.this)).definition[0].sheets : sheet.name] == [for sheet in local.sheets : sheet.name]
    error_message = "A theme has no sheet, or the order is wrong."
  }

  assert {
    condition     = !can(regex("(?i)passw|://|AKIA|PRIVATE KEY", jsonencode([local.sheets, local.columns])))
    error_message = "A text of the template looks like a secret."
  }

  assert {
    condition     = toset(flatten([for sheet in local.sheets : [for visual in sheet.visuals : visual.data_set]])) == toset(keys(var.data_sets))
    error_message = "A question is not shown, or an unknown one is."
  }

  assert {
    condition = jsonencode([
      for sheet in one(values(aws_quicksight_template.this)).definition[0].sheets : sheet.layouts[0].configuration[0].grid_layout[0].elements[*].element_id
    ]) == jsonencode([for sheet in local.sheets : sheet.visuals[*].id])
    error_message = "A visual has no position on its sheet."
  }

  assert {
    condition = flatten([for sheet in one(values(aws_quicksight_template.this)).definition[0].sheets : [for visual in sheet.visuals : concat(
      visual.line_chart_visual[*].visual_id, visual.bar_chart_visual[*].visual_id, visual.table_visual[*].visual_id,
    )]]) == flatten([for sheet in local.sheets : sheet.visuals[*].id])
    error_message = "A visual is missing, or unknown."
  }

  assert {
    condition = toset(flatten([for sheet in one(values(aws_quicksight_template.this)).definition[0].sheets : [
      for visual in sheet.visuals : [
        for chart in concat(visual.line_chart_visual, visual.bar_chart_visual, visual.table_visual) : chart.title[0].format_text[0].plain_text
      ]
    ]])) == toset(flatten([for sheet in local.sheets : sheet.visuals[*].title]))
    error_message = "A visual has no title."
  }

  assert {
    condition = alltrue(flatten([for sheet in one(values(aws_quicksight_template.this)).definition[0].sheets : [for visual in sheet.visuals : concat(
      [for chart in visual.line_chart_visual : [for wells in chart.chart_configuration[0].field_wells[0].line_chart_aggregated_field_wells :
        contains(concat(
          [for field in wells.colors : field.categorical_dimension_field[0].column[0].column_name],
          [for field in wells.small_multiples : field.categorical_dimension_field[0].column[0].column_name],
          ), "currency_code") || !contains([
          for column in var.data_sets[wells.category[0].date_dimension_field[0].column[0].data_set_identifier].columns : column.name
        ], "currency_code")
      ]],
      [for chart in visual.bar_chart_visual : [for wells in chart.chart_configuration[0].field_wells[0].bar_chart_aggregated_field_wells :
        contains(concat(
          [for field in wells.colors : field.categorical_dimension_field[0].column[0].column_name],
          [for field in wells.small_multiples : field.categorical_dimension_field[0].column[0].column_name],
          ), "currency_code") || !contains([
          for column in var.data_sets[wells.values[0].numerical_measure_field[0].column[0].data_set_identifier].columns : column.name
        ], "currency_code")
      ]],
    )]]))
    error_message = "A chart adds up amounts of several currencies."
  }
}

run "a_new_definition_creates_a_new_template" {
  command = plan

  variables {
    data_sets = { for name, question in jsondecode(file("../../../build/quicksight/data_sets.json")).questions : name => {
      arn     = "arn:aws:quicksight:eu-west-2:123456789012:dataset/totesys-test-${name}"
      columns = concat(question.columns, [{ name = "one_more", type = "STRING" }])
    } }
  }

  assert {
    condition     = output.id != run.every_question_has_its_visual_and_separate_currencies.id
    error_message = "A change of the definition would not be applied."
  }

  assert {
    condition = alltrue([
      for set in one(values(aws_quicksight_template.this)).definition[0].data_set_configuration :
      contains(set.data_set_schema[0].column_schema_list[*].name, "one_more")
    ])
    error_message = "The new template has the previous definition."
  }
}

run "too_many_data_sets_and_invalid_names_are_refused" {
  command = plan

  variables {
    name      = "Totesys"
    data_sets = { for number in range(31) : "question_${number}" => { arn = "arn", columns = [] } }
  }

  expect_failures = [var.name, var.data_sets]
}
