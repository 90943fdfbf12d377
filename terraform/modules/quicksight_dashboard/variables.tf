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
  description = "ARN and columns of the data set of each question, by the name of the question"
  type = map(object({
    arn     = string
    columns = list(object({ name = string, type = string }))
  }))
}

variable "viewers" {
  description = "ARNs of the QuickSight users and groups who may view the dashboard"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.viewers : can(regex("^arn:[a-z-]+:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/", arn))])
    error_message = "Viewers must be ARNs of QuickSight users or groups."
  }
}

variable "authors" {
  description = "ARNs of the QuickSight users and groups who may view the dashboard and change the analysis"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.authors : can(regex("^arn:[a-z-]+:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/", arn))])
    error_message = "Authors must be ARNs of QuickSight users or groups."
  }
}
