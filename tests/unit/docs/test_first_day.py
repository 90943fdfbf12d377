"""docs/first-day.md lists the checks of preflight, and assumptions whose code and check exist."""

import re
from pathlib import Path

from operations.preflight.checks import CHECKS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "first-day.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    [table] = re.findall(
        rf"^## {heading}\n.*?\n\n(\|.+?)\n\n", PAGE + "\n\n", re.DOTALL | re.MULTILINE
    )
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


def test_table_of_checks_is_that_of_the_code():
    listed = {row[0].strip("`"): {*re.findall(r"`(.+?)`", row[2])} for row in rows("The checks.+?")}
    assert listed == {check.name: {*check.actions} for check in CHECKS}


def test_every_assumption_has_a_source_code_and_a_check():
    names = {check.name for check in CHECKS}
    assumptions = rows("Assumptions about AWS")
    assert len(assumptions) > 40
    for assumption, source, code, shown_by in assumptions:
        assert source
        assert (ROOT / code.strip("`")).exists(), assumption
        assert re.search(r"preflight|smoke|make |alarm|not |workflow run|dashboard", shown_by), (
            assumption
        )
        for list_ in re.findall(r"preflight ((?:`[^`]+`(?:, )?)+)", shown_by):
            assert {*re.findall(r"`(.+?)`", list_)} <= names, assumption


def test_sample_output_has_the_lines_of_every_check():
    samples = re.findall(r"```text\n(credentials .+?)\n```", PAGE, re.DOTALL)
    assert len(samples) == 2
    for sample in samples:
        lines = sample.splitlines()
        assert max(map(len, lines)) <= 80
        found = [
            check.name for check in CHECKS if any(line.startswith(check.name) for line in lines)
        ]
        assert found == [check.name for check in CHECKS]
