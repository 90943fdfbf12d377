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


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")))
def test_links_between_pages_lead_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(
        r"^\[[^\]]+\]: (\S+)", text, re.M
    )
    local = [target.partition("#")[0] for target in targets if "://" not in target]
    assert [target for target in local if target and not (page.parent / target).exists()] == []
