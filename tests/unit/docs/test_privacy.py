"""docs/privacy.md names the personal columns of the contracts and their warehouse columns."""

import re
from pathlib import Path

import pytest

import contracts
from contracts import Calendar, Column, WarehouseTable
from tests.pages import Page

ROOT = Path(__file__).parents[3]

PAGE = Page("privacy.md").section("## Personal columns")
PERSONAL = [
    (table.name, column.name)
    for table in contracts.source().tables.values()
    for column in table.columns
    if column.personal
]


def origin(table: WarehouseTable, column: Column) -> tuple[str, str]:
    """Return the source column of a warehouse column."""
    return column.lookup or getattr(table, "of", ""), column.origin_column


def shown_in(table: str, column: str) -> list[str]:
    """Return the columns of the warehouse that show a column of the source."""
    return sorted(
        f"{each.name}.{own.name}"
        for each in contracts.warehouse().tables.values()
        if not isinstance(each, Calendar)
        for own in each.columns
        if origin(each, own) == (table, column)
    )


def test_page_names_exactly_the_personal_columns_of_the_contracts():
    named = re.findall(r"^\| `(\w+)\.(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(named) == sorted(PERSONAL)


@pytest.mark.parametrize(("table", "column"), PERSONAL)
def test_page_names_the_columns_of_the_warehouse_that_show_it(table: str, column: str):
    [row] = re.findall(rf"^\| `{table}\.{column}` \|(.*)\|$", PAGE, re.MULTILINE)
    assert sorted(re.findall(r"`([\w.]+)`", row)) == shown_in(table, column)


def setting(environment: str, name: str) -> str:
    """Return a setting of an environment of Terraform."""
    file = ROOT / "terraform" / "environments" / f"{environment}.tfvars"
    [value] = re.findall(rf'\b{name}\s*= "?([A-Z\d]+)\b', file.read_text(encoding="utf-8"))
    return str(value)


@pytest.mark.parametrize("name", ["mirror_days", "log_retention_days"])
def test_days_of_both_environments_equal_terraform(name: str):
    kept = Page("privacy.md").section("## Where it is kept, and for how long")
    assert f"`{name}` (prod {setting('prod', name)}, dev {setting('dev', name)})" in kept


def test_days_of_object_lock_equal_terraform():
    page = " ".join(Page("privacy.md").section("## Protection against deletion").split())
    mode = setting("prod", "mode")
    assert f"in prod `{mode}` for {setting('prod', 'days')} days in *ingestion*" in page
    assert f"for {setting('prod', 'processed_days')} in *processed*" in page
    assert f"in dev for {setting('dev', 'days')}." in page


def test_facts_have_no_personal_column():
    shown = {name for table, column in PERSONAL for name in shown_in(table, column)}
    assert not [name for name in shown if name.startswith("fact_")]
