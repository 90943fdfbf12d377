locals {
  publish = var.catalog == "" ? [] : [data.aws_iam_policy_document.publish.json]
}

output "policies" {
  description = "Policy documents by kind of job, as JSON: build, load, migrate, compact, and update, which builds and loads"
  value = {
    build = [data.aws_iam_policy_document.processed.json, data.aws_iam_policy_document.build.json]
    load = concat(
      [data.aws_iam_policy_document.processed.json, data.aws_iam_policy_document.load.json],
      local.publish,
    )
    migrate = [data.aws_iam_policy_document.migrate.json]
    compact = concat(
      [data.aws_iam_policy_document.processed.json, data.aws_iam_policy_document.compact.json],
      local.publish,
      var.catalog == "" ? [] : [data.aws_iam_policy_document.views.json],
    )
    update = concat(
      [
        data.aws_iam_policy_document.processed.json,
        data.aws_iam_policy_document.build.json,
        data.aws_iam_policy_document.load.json,
      ],
      local.publish,
    )
  }
}
