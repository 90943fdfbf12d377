# Applies a root to a mocked AWS, so that every value is known. Values that the provider validates, or that
# other resources parse, have a real format.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-2" }
  }

  mock_data "aws_vpc" {
    defaults = { cidr_block = "10.0.0.0/16" }
  }

  mock_data "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/service-role/mocked" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-2:123456789012:log-group:/totesys-dev-mocked" }
  }

  mock_resource "aws_glue_connection" {
    defaults = { arn = "arn:aws:glue:eu-west-2:123456789012:connection/totesys-dev-mocked" }
  }

  mock_resource "aws_glue_workflow" {
    defaults = { arn = "arn:aws:glue:eu-west-2:123456789012:workflow/totesys-dev-mocked" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/totesys-dev-mocked" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/totesys-dev-mocked" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-2:123456789012:key/mocked" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-2:123456789012:function:totesys-dev-mocked" }
  }

  mock_resource "aws_quicksight_data_set" {
    defaults = { arn = "arn:aws:quicksight:eu-west-2:123456789012:dataset/totesys-dev-mocked" }
  }

  mock_resource "aws_quicksight_data_source" {
    defaults = { arn = "arn:aws:quicksight:eu-west-2:123456789012:datasource/totesys-dev-mocked" }
  }

  mock_resource "aws_quicksight_template" {
    defaults = { arn = "arn:aws:quicksight:eu-west-2:123456789012:template/totesys-dev-mocked" }
  }

  mock_resource "aws_quicksight_vpc_connection" {
    defaults = { arn = "arn:aws:quicksight:eu-west-2:123456789012:vpcConnection/totesys-dev-mocked" }
  }

  mock_resource "aws_security_group" {
    defaults = { id = "sg-1" }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:totesys-dev/mocked" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-2:123456789012:totesys-dev-mocked" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-2:123456789012:totesys-dev-mocked" }
  }
}

# The template has its own tests, and its many nested blocks would take most of the time. A root without
# QuickSight ignores this.
override_module {
  target  = module.quicksight_dashboard[0].module.template
  outputs = { arn = "arn:aws:quicksight:eu-west-2:123456789012:template/totesys-dev-1", id = "totesys-dev-1" }
}

run "apply" {}
