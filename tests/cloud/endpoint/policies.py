"""Policies, each parsed and matched once: ministack does both again for every request, and the
deployment roles have hundreds of actions."""

from functools import lru_cache
from typing import Any

from ministack.core import iam_evaluator

MATCHES = 200_000  # more than the actions of a test run times the patterns of its policies


def install() -> None:
    """Remember the statements of a document, and which actions match a pattern."""
    parse = iam_evaluator.parse_policy_document
    parse_text = lru_cache(maxsize=None)(parse)

    def parsed(document: str | dict[str, Any]) -> Any:
        return parse_text(document) if isinstance(document, str) else parse(document)

    iam_evaluator.parse_policy_document = parsed
    iam_evaluator.fnmatch_iam = lru_cache(MATCHES)(iam_evaluator.fnmatch_iam)
