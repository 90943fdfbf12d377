"""The life of an order, as the history view of the warehouse tells it."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from pg8000.native import Connection

import contracts
from contracts.observation import VERSION
from postgres import names, render

HISTORY = """
SELECT version, valid_from, valid_to, is_deleted, {columns}
FROM {schema}.fact_sales_order_history WHERE sales_order_id = {key} ORDER BY version
"""


@dataclass(frozen=True)
class Version:
    """A version of an order: when it held, and what set it apart from the one before."""

    number: int
    valid_from: datetime
    valid_to: datetime | None
    story: str


def life_of_order(warehouse: Connection, schema: str, order: int) -> list[Version]:
    """Every version of the order, oldest first."""
    fact = contracts.warehouse().tables["fact_sales_order"]
    columns = [column.name for column in fact.columns if column not in VERSION]
    rows = warehouse.run(render(HISTORY, schema=schema, key=order, columns=names(columns)))
    versions = [_version(row, "placed") for row in rows[:1]]
    for before, after in pairwise(rows):
        changes = zip(columns, before[4:], after[4:], strict=True)
        told = ", ".join(f"{name} {old} -> {new}" for name, old, new in changes if old != new)
        versions.append(_version(after, "deleted" if after[3] else told or "no column of the fact"))
    return versions


def _version(row: list[Any], story: str) -> Version:
    number, valid_from, valid_to = row[:3]
    return Version(number, valid_from, valid_to, story)
