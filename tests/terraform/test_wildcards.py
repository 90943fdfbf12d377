import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REASONS = tomllib.loads(Path(__file__).with_name("wildcards.toml").read_text())
# The prefixes of what the roots make, with - or _, and what AWS would name by a number.
OWN_NAMES = re.compile("totesys[-_](dev|prod|state)|mocked")

Statement = dict[str, Any]


@pytest.fixture
def statements(made) -> list[tuple[str, str, Statement]]:
    """Each statement of each policy: module, document, statement."""
    return [
        (*_module_and_document(resource["address"]), statement)
        for resource in made
        if resource["type"] == "aws_iam_policy_document"
        for statement in resource["values"]["statement"] or []
    ]


def test_each_wildcard_has_its_reason(statements):
    without = {
        f"{module}.{document}.{statement['sid']}: {wildcards}"
        for module, document, statement in statements
        if (wildcards := list(_wildcards(statement)))
        and not REASONS.get(module, {}).get(document, {}).get(statement["sid"])
    }
    assert not without, without


def test_each_reason_has_its_wildcard(statements):
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


def test_each_statement_says_what_it_is_for(statements):
    assert all(statement["sid"] for _, _, statement in statements)


def test_statements_allow_by_naming_never_by_leaving_out(statements):
    for _, _, statement in statements:
        left_out = statement["not_actions"] or statement["not_resources"]
        assert statement["effect"] == "Deny" or not left_out, statement
        assert not statement["not_principals"], statement


def test_nobody_is_allowed_who_is_not_named(statements):
    for _, _, statement in statements:
        named = {name for principal in statement["principals"] for name in principal["identifiers"]}
        assert statement["effect"] == "Deny" or "*" not in named, statement


def _module_and_document(address: str) -> tuple[str, str]:
    """The last module's name and the document's, without the keys of for_each."""
    parts = re.sub(r"\[[^]]*\]", "", address).split(".")
    return parts[-4] if "module" in parts else "", parts[-1]


def _wildcards(statement: Statement) -> Iterator[str]:
    """A statement that denies may deny as much as it likes."""
    if statement["effect"] == "Deny":
        return
    yield from (action for action in statement["actions"] if "*" in action)
    for resource in statement["resources"] or []:
        named, wildcard, _ = resource.partition("*")
        if wildcard and not OWN_NAMES.search(named):
            yield resource
