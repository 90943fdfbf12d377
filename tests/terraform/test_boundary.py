"""The permissions boundary of terraform/account allows all that the roles of dev grant."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

Grant = tuple[str, str]


def test_boundary_allows_what_the_roles_grant(applied_by):
    [boundary] = [
        resource["values"]["statement"]
        for resource in applied_by("account")
        if resource["address"] == 'module.ci_deploy["dev"].data.aws_iam_policy_document.boundary'
    ]
    granted = {
        grant
        for resource in applied_by("dev")
        if resource["type"] == "aws_iam_policy_document"
        for statement in resource["values"]["statement"] or []
        if statement["effect"] != "Deny" and not statement["principals"]
        for grant in _grants(statement)
    }
    allowed = [grant for statement in boundary for grant in _grants(statement)]
    assert granted
    denied = {grant for grant in granted if not any(_covers(wide, grant) for wide in allowed)}
    assert not denied


def _grants(statement: dict[str, Any]) -> Iterator[Grant]:
    for action in statement["actions"]:
        for resource in statement["resources"]:
            yield action, resource


def _covers(wide: Grant, narrow: Grant) -> bool:
    """Return whether ``wide`` matches ``narrow``, whose wildcards count as characters."""
    return all(fnmatchcase(text, pattern) for pattern, text in zip(wide, narrow, strict=True))
