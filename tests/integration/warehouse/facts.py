"""Rows of facts and dimensions for tests of the views."""

from datetime import datetime, timedelta
from typing import Any

from pg8000.native import Connection

import contracts
from contracts import Column, Dimension, WarehouseTable
from postgres import names, render, value

DAY = "2024-01-01"
VALUES = {
    "int": 1,
    "bigint": 1,
    "numeric": "9.99",
    "text": "text",
    "boolean": False,
    "date": DAY,
    "time": "10:00",
    "timestamp": f"{DAY} 10:00",
}

UNKNOWN = {"change_seq": 0, "changed_at": None}
"""The order and time of a change that the poll by difference found."""


def default(column: Column) -> Any:
    """Return the value of a column that a test does not name."""
    return UNKNOWN.get(column.name, VALUES[column.type.kind])


def add(connection: Connection, table: str, **values: Any) -> None:
    """Insert a row, with default values for the other columns."""
    of = contracts.warehouse().tables[table]
    row = {column.name: default(column) for column in of.columns} | values
    literals = ", ".join(value(None if v is None else str(v)) for v in row.values())
    statement = render("insert into warehouse.{table} ({columns}) values ", table=table,
                       columns=names(row))  # fmt: skip
    connection.run(f"{statement}({literals})")


def add_version(connection: Connection, table: str, key: int, batch: int, **values: Any) -> None:
    """Insert a version, observed ``batch`` hours after midnight."""
    of = contracts.warehouse().tables[table]
    observed_at = datetime.fromisoformat(DAY) + timedelta(hours=batch)
    defaults = {of.key: key, "batch_seq": batch, "observed_at": observed_at}
    add(connection, table, **{**defaults, **values})


def add_members(connection: Connection, table: str) -> None:
    """Insert the rows that the default values of a fact refer to: the day, and the member 1 of each
    dimension, with the name of its column in each text."""
    add(connection, "dim_date", date_id=DAY)
    for dimension in contracts.warehouse().dimensions:
        if dimension.name in {column.references for column in _columns(table)}:
            texts = {
                c.name: text_of(dimension, c) for c in dimension.columns if c.type.kind == "text"
            }
            add(connection, dimension.name, **texts)


def text_of(dimension: Dimension, column: Column) -> str:
    """Return the text of the member 1 in a column."""
    return f"{column.name} of {dimension.name}"


def _columns(table: str) -> tuple[Column, ...]:
    of: WarehouseTable = contracts.warehouse().tables[table]
    return of.columns
