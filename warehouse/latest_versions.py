"""The latest version of every row, kept beside each fact (docs/adr/0015)."""

from contracts import Fact, Warehouse
from postgres import Sql, names, render, value
from warehouse.columns import table_columns
from warehouse.comments import TABLE, column_comments

KEEP = "select etl.keep_latest({fact}, {latest}, {key});\n"
ABOUT = "The latest version of every row of {fact}, deletions too. Triggers keep it."


def latest_versions(warehouse: Warehouse) -> Sql:
    """The statements that keep them for every fact, and say what they are. Where they are kept
    already, with the columns that the fact has, nothing is made."""
    return Sql("".join(_kept(fact) for fact in warehouse.facts))


def _kept(fact: Fact) -> Sql:
    table = render("etl.{name}", name=fact.latest)
    parts = {"fact": value(names([fact.name])), "latest": value(fact.latest)}
    keep = render(KEEP, key=value(fact.key), **parts)
    comment = render(TABLE, name=table, about=value(ABOUT.format(fact=fact.name)))
    return Sql(keep + comment + column_comments(table, table_columns(fact)))
