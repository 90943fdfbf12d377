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
  description = "ARN and columns of each question's data set, by the question's name"
  type = map(object({
    arn     = string
    columns = list(object({ name = string, type = string }))
  }))
}

variable "viewers" {
  description = "ARNs of QuickSight's users and groups who see the dashboard"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.viewers : can(regex("^arn:[a-z-]+:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/", arn))])
    error_message = "Viewers are users or groups of QuickSight, named by their ARNs."
  }
}

variable "authors" {
  description = "ARNs of QuickSight's users and groups who see the dashboard and may change the analysis"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.authors : can(regex("^arn:[a-z-]+:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/", arn))])
    error_message = "Authors are users or groups of QuickSight, named by their ARNs."
  }
}
