"""The table with the latest version of every row, beside each fact (docs/adr/0015)."""

from contracts import Fact, Warehouse
from postgres import Sql, names, render, value
from warehouse.columns import table_columns
from warehouse.comments import TABLE, column_comments

KEEP = "select etl.keep_latest({fact}, {latest}, {key});\n"
ABOUT = "The latest version of every row of {fact}, deletions included. Triggers maintain it."


def latest_versions(warehouse: Warehouse) -> Sql:
    """Return the statements that create the table of every fact, with comments. A table that exists
    with the columns of its fact stays as it is."""
    return Sql("".join(_statements(fact) for fact in warehouse.facts))


def _statements(fact: Fact) -> Sql:
    table = render("etl.{name}", name=fact.latest)
    parts = {"fact": value(names([fact.name])), "latest": value(fact.latest)}
    keep = render(KEEP, key=value(fact.key), **parts)
    comment = render(TABLE, name=table, about=value(ABOUT.format(fact=fact.name)))
    return Sql(keep + comment + column_comments(table, table_columns(fact)))
