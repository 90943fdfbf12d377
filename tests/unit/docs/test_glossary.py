"""docs/glossary.md defines each term once, and the pages that use the terms link to it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| \*\*(.+?)\*\* \| (.+) \|$", PAGE, re.MULTILINE)
TERMS = [term for term, _ in ROWS]
COINED = {
    "audit", "backfill", "batch", "entry", "freshness", "full read", "generation", "guard",
    "horizon", "identity", "inferred member", "lake", "ledger", "log", "mirror", "open row",
    "poll", "quarantine", "rebuild", "reconcile", "replay", "retry", "seq", "tombstone", "version",
}  # fmt: skip


def test_every_coined_term_is_defined_once():
    assert set(TERMS) >= COINED
    assert len(TERMS) == len(set(TERMS))


@pytest.mark.parametrize(("term", "meaning"), ROWS, ids=TERMS)
def test_definition_is_one_to_three_sentences(term: str, meaning: str):
    assert meaning[0].isupper()
    assert meaning.endswith(".")
    assert len(re.findall(r"[.;:](?= |$)", meaning)) <= 3


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/guarantees.md"])
def test_page_that_uses_the_terms_links_to_the_glossary(page: str):
    assert "glossary.md)" in (ROOT / page).read_text(encoding="utf-8")
