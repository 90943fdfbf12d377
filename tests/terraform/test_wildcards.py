import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REASONS = tomllib.loads(Path(__file__).with_name("wildcards.toml").read_text())
# Prefixes of the names of the platform, and mocked identifiers.
OWN_NAMES = re.compile("totesys[-_](dev|prod|state)|mocked")

Statement = dict[str, Any]


@pytest.fixture
def statements(applied) -> list[tuple[str, str, Statement]]:
    """Return each statement of each policy as (module, document, statement)."""
    return [
        (*_module_and_document(resource["address"]), statement)
        for resource in applied
        if resource["type"] == "aws_iam_policy_document"
        for statement in resource["values"]["statement"] or []
    ]


def test_every_wildcard_has_a_reason(statements):
    without = {
        f"{module}.{document}.{statement['sid']}: {wildcards}"
        for module, document, statement in statements
        if (wildcards := list(_wildcards(statement)))
        and not REASONS.get(module, {}).get(document, {}).get(statement["sid"])
    }
    assert not without, without


def test_every_reason_has_a_wildcard(statements):
    modules = {module for module, _, _ in statements}
    stated = {
        (module, document, sid)
        for module, documents in REASONS.items()
        if module in modules
        for document, sids in documents.items()
        for sid in sids
    }
    needed = {
        (module, document, statement["sid"])
        for module, document, statement in statements
        if any(_wildcards(statement))
    }
    assert stated <= needed


def test_every_statement_has_an_id(statements):
    assert all(statement["sid"] for _, _, statement in statements)


def test_no_statement_allows_by_exclusion(statements):
    for _, _, statement in statements:
        excluded = statement["not_actions"] or statement["not_resources"]
        assert statement["effect"] == "Deny" or not excluded, statement
        assert not statement["not_principals"], statement


def test_no_statement_allows_every_principal(statements):
    for _, _, statement in statements:
        named = {name for principal in statement["principals"] for name in principal["identifiers"]}
        assert statement["effect"] == "Deny" or "*" not in named, statement


def _module_and_document(address: str) -> tuple[str, str]:
    """Return the names of the innermost module and of the document, without for_each keys."""
    parts = re.sub(r"\[[^]]*\]", "", address).split(".")
    return parts[-4] if "module" in parts else "", parts[-1]


def _wildcards(statement: Statement) -> Iterator[str]:
    """Yield the wildcards of a statement; a Deny may have any."""
    if statement["effect"] == "Deny":
        return
    yield from (action for action in statement["actions"] if "*" in action)
    for resource in statement["resources"] or []:
        named, wildcard, _ = resource.partition("*")
        if wildcard and not OWN_NAMES.search(named):
            yield resource
