# The template of dashboard and analysis, with one sheet per theme. The sheets are generated
# (python -m artifacts).

locals {
  generated = file("${var.definitions}/sheets.json")
  sheets    = jsondecode(local.generated)
  columns   = { for name, data_set in var.data_sets : name => data_set.columns }

  # QuickSight returns a definition in another form than it received, which would be a change in every plan.
  # The definition is therefore never compared: a new definition creates a new template.
  digest = substr(sha256(jsonencode([local.generated, local.columns, file("${path.module}/main.tf")])), 0, 12)
}

resource "aws_quicksight_template" "this" {
  # by key: a replacement with the same key would keep the previous definition, which is ignored
  for_each = toset([local.digest])

  template_id         = "${var.name}-${each.key}"
  name                = "Questions (${var.name})"
  version_description = each.key

  definition {
    dynamic "data_set_configuration" {
      for_each = var.data_sets

      content {
        placeholder = data_set_configuration.key

        data_set_schema {
          dynamic "column_schema_list" {
            for_each = data_set_configuration.value.columns

            content {
              name      = column_schema_list.value.name
              data_type = column_schema_list.value.type
            }
          }
        }
      }
    }

    dynamic "sheets" {
      for_each = local.sheets

      content {
        sheet_id = sheets.value.id
        name     = sheets.value.name

        layouts {
          configuration {
            grid_layout {
              canvas_size_options {
                screen_canvas_size_options {
                  resize_option             = "FIXED"
                  optimized_view_port_width = "1600px"
                }
              }

              dynamic "elements" {
                for_each = sheets.value.visuals

                content {
                  element_id   = elements.value.id
                  element_type = "VISUAL"
                  row_index    = elements.value.row
                  row_span     = elements.value.height
                  column_index = elements.value.column
                  column_span  = elements.value.width
                }
              }
            }
          }
        }

        dynamic "visuals" {
          for_each = sheets.value.visuals

          content {
            dynamic "line_chart_visual" {
              for_each = visuals.value.kind == "line" ? [visuals.value] : []
              iterator = visual

              content {
                visual_id = visual.value.id
                title {
                  format_text { plain_text = visual.value.title }
                }
                subtitle {
                  format_text { plain_text = visual.value.subtitle }
                }
                chart_configuration {
                  type = "LINE"
                  field_wells {
                    line_chart_aggregated_field_wells {
                      category {
                        date_dimension_field {
                          field_id         = "${visual.value.id}.${visual.value.category}"
                          date_granularity = visual.value.granularity
                          column {
                            data_set_identifier = visual.value.data_set
                            column_name         = visual.value.category
                          }
                        }
                      }
                      dynamic "values" {
                        for_each = visual.value.values
                        content {
                          numerical_measure_field {
                            field_id = "${visual.value.id}.${values.value.column}"
                            column {
                              data_set_identifier = visual.value.data_set
                              column_name         = values.value.column
                            }
                            aggregation_function { simple_numerical_aggregation = values.value.aggregation }
                          }
                        }
                      }
                      dynamic "colors" {
                        for_each = visual.value.color[*]
                        content {
                          categorical_dimension_field {
                            field_id = "${visual.value.id}.${colors.value}"
                            column {
                              data_set_identifier = visual.value.data_set
                              column_name         = colors.value
                            }
                          }
                        }
                      }
                      dynamic "small_multiples" {
                        for_each = visual.value.panel[*]
                        content {
                          categorical_dimension_field {
                            field_id = "${visual.value.id}.${small_multiples.value}"
                            column {
                              data_set_identifier = visual.value.data_set
                              column_name         = small_multiples.value
                            }
                          }
                        }
                      }
                    }
                  }
                }
              }
            }

            dynamic "bar_chart_visual" {
              for_each = visuals.value.kind == "bar" ? [visuals.value] : []
              iterator = visual

              content {
                visual_id = visual.value.id
                title {
                  format_text { plain_text = visual.value.title }
                }
                subtitle {
                  format_text { plain_text = visual.value.subtitle }
                }
                chart_configuration {
                  orientation      = "HORIZONTAL"
                  bars_arrangement = "CLUSTERED"
                  field_wells {
                    bar_chart_aggregated_field_wells {
                      category {
                        dynamic "categorical_dimension_field" {
                          for_each = visual.value.category_type == "STRING" ? [visual.value.category] : []
                          content {
                            field_id = "${visual.value.id}.${categorical_dimension_field.value}"
                            column {
                              data_set_identifier = visual.value.data_set
                              column_name         = categorical_dimension_field.value
                            }
                          }
                        }
                        dynamic "numerical_dimension_field" {
                          for_each = visual.value.category_type == "STRING" ? [] : [visual.value.category]
                          content {
                            field_id = "${visual.value.id}.${numerical_dimension_field.value}"
                            column {
                              data_set_identifier = visual.value.data_set
                              column_name         = numerical_dimension_field.value
                            }
                          }
                        }
                      }
                      dynamic "values" {
                        for_each = visual.value.values
                        content {
                          numerical_measure_field {
                            field_id = "${visual.value.id}.${values.value.column}"
                            column {
                              data_set_identifier = visual.value.data_set
                              column_name         = values.value.column
                            }
                            aggregation_function { simple_numerical_aggregation = values.value.aggregation }
                          }
                        }
                      }
                      dynamic "colors" {
                        for_each = visual.value.color[*]
                        content {
                          categorical_dimension_field {
                            field_id = "${visual.value.id}.${colors.value}"
                            column {
                              data_set_identifier = visual.value.data_set
                              column_name         = colors.value
                            }
                          }
                        }
                      }
                      dynamic "small_multiples" {
                        for_each = visual.value.panel[*]
                        content {
                          categorical_dimension_field {
                            field_id = "${visual.value.id}.${small_multiples.value}"
                            column {
                              data_set_identifier = visual.value.data_set
                              column_name         = small_multiples.value
                            }
                          }
                        }
                      }
                    }
                  }
                  sort_configuration {
                    category_sort {
                      field_sort {
                        field_id  = "${visual.value.id}.${visual.value.sort.column}"
                        direction = visual.value.sort.direction
                      }
                    }
                  }
                }
              }
            }

            # every row, without aggregation
            dynamic "table_visual" {
              for_each = visuals.value.kind == "table" ? [visuals.value] : []
              iterator = visual

              content {
                visual_id = visual.value.id
                title {
                  format_text { plain_text = visual.value.title }
                }
                subtitle {
                  format_text { plain_text = visual.value.subtitle }
                }
                chart_configuration {
                  field_wells {
                    table_unaggregated_field_wells {
                      dynamic "values" {
                        for_each = visual.value.columns
                        content {
                          field_id = "${visual.value.id}.${values.value}"
                          column {
                            data_set_identifier = visual.value.data_set
                            column_name         = values.value
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [definition]
  }
}
