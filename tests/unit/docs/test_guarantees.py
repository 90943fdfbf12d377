"""docs/guarantees.md links each promise to tests that exist in the files that it names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
PATHS = dict(re.findall(r"^\[([\w/.]+)\]: \.\./(.+)$", GUARANTEES, re.MULTILINE))
PROOFS = re.findall(r"^- in \[([\w/.]+)\]:((?:.*\n(?!\n|- ))*.*)", GUARANTEES, re.MULTILINE)
NAMED = [(label, test) for label, tests in PROOFS for test in re.findall(r"`(test_\w+)`", tests)]
SOURCES = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
PROMISES = [
    section
    for section in re.split("^## ", GUARANTEES, flags=re.MULTILINE)[1:]
    if not section.startswith("What is not promised")
]


def test_guarantees_name_tests():
    assert len(NAMED) > 60


def test_page_has_each_section_once_and_ends_with_what_is_not_promised():
    headings = re.findall(r"^## (.*)$", GUARANTEES, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert headings[-1] == "What is not promised"


@pytest.mark.parametrize(("label", "test"), NAMED, ids=[test for _, test in NAMED])
def test_named_test_is_in_the_linked_file(label: str, test: str):
    assert f"def {test}(" in (ROOT / PATHS[label]).read_text(encoding="utf-8")


@pytest.mark.parametrize("label", PATHS)
def test_label_of_a_link_is_the_end_of_its_path(label: str):
    path = PATHS[label].removeprefix("tests/").removeprefix("integration/")
    assert path == label
    assert (ROOT / PATHS[label]).exists()


@pytest.mark.parametrize("promise", PROMISES, ids=[p.splitlines()[0] for p in PROMISES])
def test_every_promise_names_a_test(promise: str):
    assert re.search(r"^- in \[", promise, re.MULTILINE)


MENTIONED = sorted({*re.findall(r"`(test_\w+)`", GUARANTEES)} - {test for _, test in NAMED})


@pytest.mark.parametrize("test", MENTIONED)
def test_test_named_in_running_text_exists(test: str):
    assert any(f"def {test}(" in source for source in SOURCES)
