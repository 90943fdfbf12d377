"""The page of the dictionary, out of a migrated warehouse and the contracts."""

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

What every table, view, function and column means: those of the warehouse first, then the platform's
own records that analysts may read, then the source that all of it comes from. [For
analysts](analysts.md) has a query for each kind of question.

The database says the same: `\\d+ fact_sales_order_wide` in psql shows what each column means. `make
dictionary` writes this page, from the contracts and from a warehouse made for it.

- A **version** is one state of a row of the source, and a **batch** what one poll of the source
  saw, at one instant.
- **type** is PostgreSQL's. A `timestamp` is on the source's clock and has no time zone.
- **NULL** says whether a value can be missing.
- **comes from** is a column of the [source](#the-source), in the table that the section names first
  or the one that stands before it. A timestamp there is a date and a time here. What the platform
  adds comes from none.
- **refers to** is the dimension that the column joins, by the dimension's key.

## Contents"""

STARS = """## The stars

A star is a fact and the dimensions that it refers to, which it shares with the others: `dim_date`
is the same table in each. A fact's own key is the number of a version; the key of the source stands
beside it."""

OF_A_FACT = """## Views and functions of a fact

Each fact has {views} views and {functions} functions. Ask these: members of `warehouse_reader` may
read them and the dimensions, but not the facts' own tables. A function is asked about a moment:
`select * from fact_payment_as_of('2026-11-23 16:46:50')`."""

SOURCE = """## The source

The tables of `{name}`, in its schema `{schema}`. **goes to** says where a column arrives in the
warehouse; one that goes nowhere stays in the lake."""


def page(connection: Connection) -> str:
    """The text of the page, of a migrated warehouse."""
    source, warehouse = contracts.source(), contracts.warehouse()
    found = relations(connection)
    views = Views(found, warehouse)
    others = _others(found, warehouse)
    parts = [
        HEAD,
        _contents(warehouse, others, source.tables),
        STARS,
        *(_star(fact, warehouse) for fact in warehouse.facts),
        OF_A_FACT.format(views=len(VIEWS), functions=len(FUNCTIONS)),
        *(views.section(kind) for kind in KINDS),
    ]
    for fact in warehouse.facts:
        parts += [fact_table(fact, found[fact.name]), *views.of_fact(fact)]
    for table in warehouse.tables.values():
        if not isinstance(table, Fact):
            parts.append(dimension(table, found[table.name]))
    parts += [record(name, found[name]) for name in others]
    parts.append(SOURCE.format(name=source.name, schema=source.schema))
    parts += [source_table(table, warehouse) for table in source.tables.values()]
    return "\n\n".join(parts) + "\n"


def _others(found: Mapping[str, Relation], warehouse: Warehouse) -> list[str]:
    """What no contract tells of."""
    views = {f"{fact.name}_{kind}" for fact in warehouse.facts for kind in KINDS}
    return sorted(found.keys() - warehouse.tables.keys() - views)


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
