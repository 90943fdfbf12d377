variable "create" {
  description = "Whether to create the provider. An account has at most one, which another project may have created"
  type        = bool
  default     = true
}
