output "data_sets" {
  description = "ARN and columns of the data set of each question, by the name of the question"
  value = {
    for name, question in local.questions : name => {
      arn     = aws_quicksight_data_set.question[name].arn
      columns = question.columns
    }
  }
}
