"""The page of the dictionary, from a migrated warehouse and the contracts."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pg8000.native import Connection

import contracts
from artifacts.dictionary.diagram import diagram, dimensions
from artifacts.dictionary.facts import Views
from artifacts.dictionary.markdown import link
from artifacts.dictionary.relations import Relation, relations
from artifacts.dictionary.tables import dimension, fact_table, record, source_table
from contracts import Fact, Warehouse
from warehouse.templates import FUNCTIONS, KINDS, VIEWS

PAGE = Path(__file__).parents[2] / "docs" / "data-dictionary.md"

HEAD = """# Data dictionary

The meaning of every table, view, function and column: first those of the warehouse, then the
records of the platform that analysts can read, then the source of all data.
[For analysts](analysts.md) has a query for each kind of question.

The comments in the database are the same: `\\d+ {wide}` in psql shows the meaning of
each column. `make dictionary` writes this page from the contracts and a temporary warehouse.

- A **version** is one state of a row of the source. A **batch** is the result of one poll of the
  source, at one instant.
- **type** is a type of PostgreSQL. A `timestamp` is on the source's clock and has no time zone.
- **NULL** says whether the value can be missing.
- **comes from** is a column of the [source](#the-source), in the table that the section names first
  or in the linked table. A timestamp of the source is a date and a time in the warehouse. The
  columns that the platform adds have no origin.
- **refers to** is the dimension that the column joins by its key.

## Contents"""

STARS = """## The stars

A star is a fact and the dimensions that it refers to. Stars share dimensions: `{calendar}` is
the same table in each. The key of a fact is the record number of a version; the key of the source
is another column."""

OF_A_FACT = """## Views and functions of a fact

Each fact has {views} views and {functions} functions. Query these: members of `warehouse_reader`
can read them and the dimensions, but not the tables of the facts. The parameter of a function is a
moment: `select * from {fact}_as_of('2026-11-23 16:46:50')`."""

SOURCE = """## The source

The tables of `{name}`, in its schema `{schema}`. **goes to** is the column of the warehouse that
receives the value; a column without one stays in the lake."""


def page(connection: Connection) -> str:
    """Return the text of the page for a migrated warehouse."""
    source, warehouse = contracts.source(), contracts.warehouse()
    by_name = relations(connection)
    fact = warehouse.facts[0]
    views = Views(by_name, warehouse)
    others = _others(by_name, warehouse)
    parts = [
        HEAD.format(wide=f"{fact.name}_wide"),
        _contents(warehouse, others, source.tables),
        STARS.format(calendar=warehouse.calendars[0].name),
        *(_star(fact, warehouse) for fact in warehouse.facts),
        OF_A_FACT.format(views=len(VIEWS), functions=len(FUNCTIONS), fact=fact.name),
        *(views.section(kind) for kind in KINDS),
    ]
    for fact in warehouse.facts:
        parts += [fact_table(fact, by_name[fact.name]), *views.of_fact(fact)]
    for table in warehouse.tables.values():
        if not isinstance(table, Fact):
            parts.append(dimension(table, by_name[table.name]))
    parts += [record(name, by_name[name]) for name in others]
    parts.append(SOURCE.format(name=source.name, schema=source.schema))
    parts += [source_table(table, warehouse) for table in source.tables.values()]
    return "\n\n".join(parts) + "\n"


def _others(by_name: Mapping[str, Relation], warehouse: Warehouse) -> list[str]:
    """Return the names of the relations without a contract."""
    views = {f"{fact.name}_{kind}" for fact in warehouse.facts for kind in KINDS}
    return sorted(by_name.keys() - warehouse.tables.keys() - views)


def _contents(warehouse: Warehouse, others: Sequence[str], tables: Iterable[str]) -> str:
    stars = []
    for fact in warehouse.facts:
        names = fact.name, *(table.name for table in dimensions(fact, warehouse))
        stars.append(f"- [{fact.star}](#{fact.star.lower()}): {_links(names)}")
    return "\n".join(
        [
            *stars,
            f"- [Views and functions of a fact](#views-and-functions-of-a-fact): {_links(KINDS)}",
            f"- Records of the platform: {_links(others)}",
            f"- [The source](#the-source): {_links(tables)}",
        ]
    )


def _star(fact: Fact, warehouse: Warehouse) -> str:
    return f"### {fact.star}\n\n{fact.about}\n\n{diagram(fact, warehouse)}"


def _links(names: Iterable[str]) -> str:
    return ", ".join(map(link, names))
