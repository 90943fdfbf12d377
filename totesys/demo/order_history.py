"""The history of a sales order, read from the warehouse's history view."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from pg8000.native import Connection

import contracts
from contracts.observation import VERSION
from postgres import names, render

FACT = "fact_sales_order"
HISTORY = """
SELECT version, valid_from, valid_to, is_deleted, {columns}
FROM {schema}.{view} WHERE sales_order_id = {key} ORDER BY version
"""


@dataclass(frozen=True)
class Version:
    """A version of a row: when it was valid, and how it differs from the version before."""

    number: int
    valid_from: datetime
    valid_to: datetime | None
    changes: str


@dataclass(frozen=True)
class RowHistory:
    """All versions of a row, oldest first, and a title for them."""

    title: str
    versions: list[Version]


def order_history(warehouse: Connection, schema: str, order: int) -> RowHistory:
    """Return all versions of the sales order."""
    view = f"{FACT}_history"
    fact = contracts.warehouse().tables[FACT]
    columns = [column.name for column in fact.columns if column not in VERSION]
    query = render(HISTORY, schema=schema, view=view, key=order, columns=names(columns))
    rows = warehouse.run(query)
    versions = [_version(row, "placed") for row in rows[:1]]
    for before, after in pairwise(rows):
        values = zip(columns, before[4:], after[4:], strict=True)
        changes = ", ".join(f"{name} {old} -> {new}" for name, old, new in values if old != new)
        versions.append(
            _version(after, "deleted" if after[3] else changes or "no column of the fact")
        )
    return RowHistory(f"History of sales order {order} ({view})", versions)


def _version(row: list[Any], changes: str) -> Version:
    number, valid_from, valid_to = row[:3]
    return Version(number, valid_from, valid_to, changes)
