"""The table with the latest version of every row, beside each fact (docs/adr/0015)."""

import contracts
from contracts import Column, Fact, Warehouse
from postgres import Sql, names, render, value
from warehouse.columns import table_columns
from warehouse.comments import TABLE, column_comments

KEEP = "select etl.keep_latest({fact}, {latest}, {key});\n"
INDEX = """
create index if not exists {name} on etl.{latest} ({column}) where not is_deleted;
"""
ABOUT = "The latest version of every row of {fact}, deletions included. Triggers maintain it."


def latest_versions(warehouse: Warehouse) -> Sql:
    """Return the statements that create the table of every fact, with its indexes and comments. A
    table that exists with the columns of its fact stays as it is."""
    return Sql("".join(_statements(fact) for fact in warehouse.facts))


def _statements(fact: Fact) -> Sql:
    table = render("etl.{name}", name=fact.latest)
    parts = {"fact": value(names([fact.name])), "latest": value(fact.latest)}
    keep = render(KEEP, key=value(fact.key), **parts)
    comment = render(TABLE, name=table, about=value(ABOUT.format(fact=fact.name)))
    days = Sql("".join(_index(fact, column) for column in fact.columns if _is_day(column)))
    return Sql(keep + days + comment + column_comments(table, table_columns(fact)))


def _is_day(column: Column) -> bool:
    """Return whether the column has the day on which a row was created: people choose periods of
    it."""
    return column.type.kind == "date" and column.origin == contracts.source().created


def _index(fact: Fact, column: Column) -> Sql:
    name = f"{fact.latest}_{column.name}"
    return render(INDEX, name=name, latest=fact.latest, column=column.name)
