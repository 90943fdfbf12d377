"""Every alarm has a page in the runbook; variables, errors and figures of the pages are correct."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "runbook"
MODULE = (ROOT / "terraform" / "modules" / "alarms" / "main.tf").read_text(encoding="utf-8")
[LIST] = re.findall(r"^  alarms = \{(.*?)^  \}", MODULE, re.MULTILINE | re.DOTALL)
ALARMS = re.findall(r"^    ([a-z-]+) = \{$", LIST, re.MULTILINE)
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in RUNBOOK.glob("*.md")}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SECTIONS = ["## Check", "## Do"]
BOTH = ["contracts", "lake", "postgres"]
RAISED = {
    "function-errors": ["ingestion_lambda", *BOTH],
    "failed-jobs": ["glue_jobs", "warehouse", "publish", *BOTH],
}
NEVER_LEFT = {
    "PlatformError": "the base class, never raised itself",
    "AlreadyExists": "caught by the logs and audits; no other key can exist already",
    "SeqTaken": "caught by every commit: another run committed first, and no row is lost",
}
NEITHER = {
    "function-errors": NEVER_LEFT
    | {"InvalidReference": "only jobs receive a reference to a database"},
    "failed-jobs": NEVER_LEFT | {"QuestionMalformed": "no job reads questions"},
}


def test_module_has_alarms():
    assert len(ALARMS) > 8


def test_every_alarm_has_a_page_and_every_page_an_alarm():
    assert set(PAGES) - {"README"} == set(ALARMS)


@pytest.mark.parametrize("alarm", ALARMS)
def test_page_says_what_the_alarm_means_how_to_check_and_what_to_do(alarm: str):
    assert PAGES[alarm].startswith(f"# {alarm}: ")
    assert re.findall("^## .*$", PAGES[alarm], re.MULTILINE) == SECTIONS
    assert "python -m embedded" in PAGES[alarm] or "on one machine" in PAGES[alarm].lower()
    assert f"]({alarm}.md)" in PAGES["README"]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_errors_that_a_page_explains_are_raised_somewhere(name: str):
    assert explained(name) <= errors("*")


@pytest.mark.parametrize("name", RAISED)
def test_every_error_that_can_leave_the_function_or_a_job_is_explained(name: str):
    raised = {error for package in RAISED[name] for error in errors(package)}
    assert raised - explained(name) == set(NEITHER[name])


def explained(name: str) -> set[str]:
    """Return the errors in the tables of a page."""
    tables = "\n".join(re.findall(r"^\| `.*$", PAGES[name], re.MULTILINE))
    return set(re.findall(r"`([A-Z][a-z]+[A-Z]?[A-Za-z]+)`", tables))


@cache
def errors(package: str) -> set[str]:
    """Return the errors of the packages that match a pattern."""
    paths = ROOT.glob(f"{package}/errors.py")
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_files_that_a_page_names_exist(name: str):
    named = re.findall(r"`((?:contracts|glue_jobs|terraform|warehouse)/[\w./-]+)`", PAGES[name])
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_variables_that_pages_name_are_declared():
    declared = (ROOT / "terraform" / "variables.tf").read_text(encoding="utf-8")
    pages = "".join(PAGES.values())
    named = re.findall(r"`(workers|generation|paused|\w+_(?:minutes|seconds|mb))`", pages)
    named += re.findall(r"`(\w+) = [^`]+`", pages + OPERATIONS)
    assert set(named) <= set(re.findall(r'variable "(\w+)"', declared))


def test_figures_of_the_table_are_the_defaults_of_the_module():
    table = PAGES["README"]
    defaults = dict(
        re.findall(
            r'variable "(\w+)" \{[^}]*?default\s+= (\d+)',
            (ROOT / "terraform" / "modules" / "alarms" / "variables.tf").read_text(
                encoding="utf-8"
            ),
        )
    )
    assert f"more than {int(defaults['freshness_seconds']) // 60} of the 30 minutes" in table
    assert int(defaults["horizon_age_seconds"]) == 3600
    assert f"lag by more than {int(defaults['publishing_seconds']) // 60} minutes" in table
    assert f"{defaults['patience_polls']} times in a row" in table
    assert f"a poll every {defaults['rate_minutes']} minutes" in table
