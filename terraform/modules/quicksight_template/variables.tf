variable "name" {
  description = "Prefix of every name, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "definitions" {
  description = "Folder with sheets.json, as `python -m artifacts.quicksight` writes it"
  type        = string

  validation {
    condition     = fileexists("${var.definitions}/sheets.json")
    error_message = "The folder has no sheets.json: run `make package` first."
  }
}

variable "data_sets" {
  description = "The columns of each question's data set, with their types in QuickSight's words, by the question's name"
  type = map(object({
    arn     = string
    columns = list(object({ name = string, type = string }))
  }))

  validation {
    condition     = length(var.data_sets) >= 1 && length(var.data_sets) <= 30
    error_message = "A template shows 1 to 30 data sets. Beyond that the questions need a second one."
  }
}
