output "data_sets" {
  description = "What a dashboard is made of: ARN and columns of each question's data set, by the question's name"
  value = {
    for name, question in local.questions : name => {
      arn     = aws_quicksight_data_set.question[name].arn
      columns = question.columns
    }
  }
}
