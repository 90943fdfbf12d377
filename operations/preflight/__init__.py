"""Checks of an AWS account and of the databases, before a deployment and after it."""
