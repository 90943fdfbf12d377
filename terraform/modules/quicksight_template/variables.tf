variable "name" {
  description = "Prefix of all names, such as totesys-dev"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name must be 3 to 21 lowercase letters, digits and hyphens, and start with a letter."
  }
}

variable "definitions" {
  description = "Folder with sheets.json, written by `python -m artifacts.quicksight`"
  type        = string

  validation {
    condition     = fileexists("${var.definitions}/sheets.json")
    error_message = "The folder has no sheets.json. To fix: run `make package` first."
  }
}

variable "data_sets" {
  description = "Columns of the data set of each question with their QuickSight types, by the name of the question"
  type = map(object({
    arn     = string
    columns = list(object({ name = string, type = string }))
  }))

  validation {
    condition     = length(var.data_sets) >= 1 && length(var.data_sets) <= 30
    error_message = "A template has 1 to 30 data sets. More questions require a second template."
  }
}
