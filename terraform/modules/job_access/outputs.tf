output "policies" {
  description = "Policy documents by kind of job, as JSON: build, load, migrate, and update, which builds and loads"
  value = {
    build   = [data.aws_iam_policy_document.processed.json, data.aws_iam_policy_document.build.json]
    load    = [data.aws_iam_policy_document.processed.json, data.aws_iam_policy_document.load.json]
    migrate = [data.aws_iam_policy_document.migrate.json]
    update = [
      data.aws_iam_policy_document.processed.json,
      data.aws_iam_policy_document.build.json,
      data.aws_iam_policy_document.load.json,
    ]
  }
}
