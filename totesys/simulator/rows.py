"""Pick, insert and edit rows of the simulated source."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Any

from pg8000.native import Connection

from contracts.errors import PlatformError
from postgres import Sql, names, render, value

Value = str | int | None
NOW = Sql("current_timestamp")


class NothingToPick(PlatformError):
    """The simulated source has no row to change; seed it first."""


@dataclass(frozen=True)
class Edit:
    """An edited row of ``table``, and the new values of the columns that changed."""

    table: str
    key: int
    changed: Mapping[str, Value]


def today(connection: Connection) -> date:
    """Return the date of the source's clock."""
    day: date = one(connection, "select current_date")
    return day


def one(connection: Connection, statement: str, **parameters: Value | float) -> Any:
    """Return the only value that a statement returns, or None if it returns no row."""
    rows = connection.run(statement, **parameters)
    return rows[0][0] if rows else None


def row(connection: Connection, table: str, key: int, *columns: str) -> list[Any]:
    """Return columns of a row, and lock it until the transaction ends.

    Raises NothingToPick if the row does not exist.
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
        raise NothingToPick(
            f"The simulated source has no {table} {key}. To fix: choose a key that exists."
        )
    return rows[0]


def pick(connection: Connection, rng: Random, table: str, other_than: int | None = None) -> int:
    """Return the key of a random row of ``table``, never ``other_than``. Raises NothingToPick."""
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
    key = one(connection, statement, place=rng.random())
    if key is None:
        raise NothingToPick(
            f"The simulated source has no row in {table} to pick. To fix: seed it first."
        )
    return int(key)


def insert(
    connection: Connection,
    table: str,
    columns: Mapping[str, Value | Sql],
    created_at: datetime | None = None,
) -> int:
    """Insert a row whose last_updated is its created_at (default: now), and return its key."""
    statement = render(
        "insert into {table} ({columns}, created_at, last_updated)"
        " values ({values}, {moment}, {moment}) returning {key}",
        table=table,
        columns=names(columns),
        values=Sql(", ".join(_literal(column) for column in columns.values())),
        moment=value(created_at.isoformat()) if created_at else NOW,
        key=f"{table}_id",
    )
    return int(one(connection, statement))


def edit(
    connection: Connection,
    table: str,
    key: int,
    changed: Mapping[str, Value],
    *,
    silently: bool = False,
) -> Edit:
    """Edit a row; ``silently`` leaves its last_updated as it is, as the real source mostly does."""
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
