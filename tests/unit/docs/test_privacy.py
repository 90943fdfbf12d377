"""docs/privacy.md names what the contracts call personal, and where the warehouse has it."""

import re

import pytest

import contracts
from contracts import Calendar, Column, WarehouseTable
from tests.pages import Page

PAGE = Page("privacy.md").section("## What tells of a person")
PERSONAL = [
    (table.name, column.name)
    for table in contracts.source().tables.values()
    for column in table.columns
    if column.personal
]


def origin(table: WarehouseTable, column: Column) -> tuple[str, str]:
    """The source column of which a warehouse column is made."""
    return column.lookup or getattr(table, "of", ""), column.origin_column


def shown_in(table: str, column: str) -> list[str]:
    """The columns of the warehouse that show a column of the source."""
    return sorted(
        f"{each.name}.{own.name}"
        for each in contracts.warehouse().tables.values()
        if not isinstance(each, Calendar)
        for own in each.columns
        if origin(each, own) == (table, column)
    )


def test_page_names_what_the_contracts_call_personal_and_nothing_else():
    named = re.findall(r"^\| `(\w+)\.(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(named) == sorted(PERSONAL)


@pytest.mark.parametrize(("table", "column"), PERSONAL)
def test_page_names_where_the_warehouse_shows_it(table: str, column: str):
    [row] = re.findall(rf"^\| `{table}\.{column}` \|(.*)\|$", PAGE, re.MULTILINE)
    assert sorted(re.findall(r"`([\w.]+)`", row)) == shown_in(table, column)


def test_facts_show_nothing_personal():
    shown = {name for table, column in PERSONAL for name in shown_in(table, column)}
    assert not [name for name in shown if name.startswith("fact_")]
