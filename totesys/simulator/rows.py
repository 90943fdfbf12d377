"""Rows of the source: pick one, insert one, edit one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from pg8000.native import Connection

from contracts.errors import PlatformError
from postgres import Sql, names, render, value

Value = str | int | None
NOW = Sql("current_timestamp")


class NothingToPick(PlatformError):
    """The simulated source has no row to work on; it must be seeded first."""


@dataclass(frozen=True)
class Edit:
    """The row of ``table`` that was edited, and what it holds now in the columns that changed."""

    table: str
    key: int
    changed: Mapping[str, Value]


def today(connection: Connection) -> date:
    """The day by the source's clock."""
    day: date = one(connection, "select current_date")
    return day


def one(connection: Connection, statement: str, **parameters: Value | float) -> Any:
    """The only value that a statement returns, or None if it returns no row."""
    rows = connection.run(statement, **parameters)
    return rows[0][0] if rows else None


def row(connection: Connection, table: str, key: int, *columns: str) -> list[Any]:
    """Columns of a row, locked until the transaction ends.

    Raises NothingToPick where there is no such row.
    """
    statement = render(
        "select {columns} from {table} where {key} = {row} for update",
        columns=names(columns),
        table=table,
        key=f"{table}_id",
        row=key,
    )
    rows: list[list[Any]] = connection.run(statement)
    if not rows:
        raise NothingToPick(f"The simulated source has no {table} {key}; name one that it has.")
    return rows[0]


def picked(connection: Connection, dice: Random, table: str, other_than: int | None = None) -> int:
    """The key of a row drawn from ``table``, never ``other_than``. Raises NothingToPick."""
    statement = render(  # two index look-ups at most, whatever the size of the table
        "select coalesce("
        " (select {key} from {table} where {key} <> {other} and {key} >="
        " cast(ceil((select max({key}) from {table}) * cast(:place as float8)) as integer)"
        " order by {key} limit 1),"
        " (select min({key}) from {table} where {key} <> {other}))",
        key=f"{table}_id",
        table=table,
        other=other_than or 0,
    )
    key = one(connection, statement, place=dice.random())
    if key is None:
        raise NothingToPick(f"The simulated source has no row in {table} to pick; seed it first.")
    return int(key)


def inserted(connection: Connection, table: str, columns: Mapping[str, Value | Sql]) -> int:
    """Insert a row whose last_updated is its created_at, and return its key."""
    statement = render(
        "insert into {table} ({columns}, last_updated) values ({values}, {now}) returning {key}",
        table=table,
        columns=names(columns),
        values=Sql(", ".join(_literal(column) for column in columns.values())),
        now=NOW,
        key=f"{table}_id",
    )
    return int(one(connection, statement))


def edited(
    connection: Connection,
    table: str,
    key: int,
    changed: Mapping[str, Value],
    *,
    silently: bool = False,
) -> Edit:
    """Edit a row; ``silently`` leaves its last_updated alone, as the real source mostly does."""
    columns: dict[str, Value | Sql] = {**changed}
    if not silently:
        columns["last_updated"] = NOW
    assigned = [
        render("{column} = {literal}", column=column, literal=_literal(columns[column]))
        for column in columns
    ]
    statement = render(
        "update {table} set {assigned} where {key} = {row}",
        table=table,
        assigned=Sql(", ".join(assigned)),
        key=f"{table}_id",
        row=key,
    )
    connection.run(statement)
    return Edit(table, key, changed)


def _literal(column: Value | Sql) -> Sql:
    return column if isinstance(column, Sql) else value(column)
