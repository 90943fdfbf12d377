"""The boundary that terraform/account makes lets the roles of terraform/dev do their work."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

Grant = tuple[str, str]


def test_boundary_lets_through_what_the_roles_grant(made_by):
    [boundary] = [
        resource["values"]["statement"]
        for resource in made_by("account")
        if resource["address"].endswith('aws_iam_policy_document.boundary["dev"]')
    ]
    granted = {
        grant
        for resource in made_by("dev")
        if resource["type"] == "aws_iam_policy_document"
        for statement in resource["values"]["statement"] or []
        if statement["effect"] != "Deny" and not statement["principals"]
        for grant in _grants(statement)
    }
    let_through = [grant for statement in boundary for grant in _grants(statement)]
    assert granted
    held_back = {
        grant for grant in granted if not any(_covers(wide, grant) for wide in let_through)
    }
    assert not held_back


def _grants(statement: dict[str, Any]) -> Iterator[Grant]:
    for action in statement["actions"]:
        for resource in statement["resources"]:
            yield action, resource


def _covers(wide: Grant, narrow: Grant) -> bool:
    """Wildcards in the narrow one are taken as letters, which the wide one's must match."""
    return all(fnmatchcase(text, pattern) for pattern, text in zip(wide, narrow, strict=True))
