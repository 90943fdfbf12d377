"""The last test: destroy removes all resources, after all other tests used them."""

import re
from typing import Any

from tests.cloud.stacks import Stack

LISTS = [  # resources, and the action that lists them
    ("work groups", "athena", "list_work_groups"),
    ("alarms", "cloudwatch", "describe_alarms"),
    ("dashboards", "cloudwatch", "list_dashboards"),
    ("security groups", "ec2", "describe_security_groups"),
    ("vpc endpoints", "ec2", "describe_vpc_endpoints"),
    ("rules", "events", "list_rules"),
    ("connections", "glue", "get_connections"),
    ("databases", "glue", "get_databases"),
    ("jobs", "glue", "get_jobs"),
    ("security configurations", "glue", "get_security_configurations"),
    ("triggers", "glue", "get_triggers"),
    ("workflows", "glue", "list_workflows"),
    ("roles", "iam", "list_roles"),
    ("aliases", "kms", "list_aliases"),
    ("functions", "lambda", "list_functions"),
    ("log groups", "logs", "describe_log_groups"),
    ("buckets", "s3", "list_buckets"),
    ("schedules", "scheduler", "list_schedules"),
    ("secrets", "secretsmanager", "list_secrets"),
    ("topics", "sns", "list_topics"),
    ("queues", "sqs", "list_queues"),
]


def test_destroy_removes_all_resources(stack: Stack) -> None:
    assert [what for what, found in of_the_stack(stack).items() if not found] == []
    # the deployment role must not delete objects of the lake; an administrator may
    terraform = stack.terraform.acting_as(stack.aws.environment())
    terraform.destroy()
    assert terraform.resources() == []
    left = of_the_stack(stack)
    assert not any(left.values()), left


def of_the_stack(stack: Stack) -> dict[str, list[Any]]:
    """Return the resources of each service with the prefix or the tag of the stack."""
    prefix = stack.outputs["workflow"].replace("-", "[-_]")
    own = re.compile(f"{prefix}|'Value': 'dev'")
    return {
        what: [item for item in listed(stack, *call) if own.search(str(item))]
        for what, *call in LISTS
    }


def listed(stack: Stack, service: str, list_: str) -> list[Any]:
    answer = getattr(stack.aws.client(service), list_)()
    return [item for value in answer.values() if isinstance(value, list) for item in value]
