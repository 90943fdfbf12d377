"""A promise without a test is no promise: what docs/guarantees.md names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
NAMED = sorted(set(re.findall(r"`(test_\w+)`", GUARANTEES)))


def test_guarantees_name_tests():
    assert NAMED


@pytest.mark.parametrize("name", NAMED)
def test_named_test_exists(name: str):
    assert any(f"def {name}(" in source for source in SOURCES.values())
