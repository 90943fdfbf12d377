"""The shape of a warehouse's contracts: what a generation was built with, and what may be added.

The lake keeps the shape of each fingerprint, so that a generation can continue with other contracts
if they only add to it (docs/adr/0030).
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from contracts.field_ids import field_ids
from contracts.observation import stored_columns
from contracts.tables import Column, Fact, Warehouse, WarehouseTable


class ColumnShape(Struct, frozen=True, forbid_unknown_fields=True):
    """A column: its type, as in a contract, its field id in the lake's files, and the dimension
    that it refers to."""

    type: str
    nullable: bool
    field_id: int
    references: str = ""


class TableShape(Struct, frozen=True, forbid_unknown_fields=True):
    """A table: its kind, the source table of its rows ('' for a calendar), its key, the serial
    number of a fact's versions, and its columns by name."""

    kind: str
    of: str
    key: str
    record: str
    columns: Mapping[str, ColumnShape]


Shape = Mapping[str, TableShape]


def shape(warehouse: Warehouse) -> Shape:
    """Return the shape of all tables, by name."""
    return {name: _table(table) for name, table in warehouse.tables.items()}


def added_tables(earlier: Shape, warehouse: Warehouse) -> list[WarehouseTable]:
    """Return the tables that the earlier contracts do not have."""
    return [table for name, table in warehouse.tables.items() if name not in earlier]


def not_added(earlier: Shape, warehouse: Warehouse) -> list[str]:
    """Return what the contracts change, other than adding tables and nullable columns; empty if a
    generation of the earlier contracts can continue."""
    now = shape(warehouse)
    return [
        problem
        for name, table in earlier.items()
        for problem in (_changes(name, table, now[name]) if name in now else [f"{name} is removed"])
    ]


def _changes(name: str, before: TableShape, now: TableShape) -> Iterator[str]:
    for part in ("kind", "of", "key", "record"):
        old, new = getattr(before, part), getattr(now, part)
        if old != new:
            yield f"{name} has {part} {new} instead of {old}"
    for column, old in before.columns.items():
        if column not in now.columns:
            yield f"{name}.{column} is removed"
        elif now.columns[column].field_id != old.field_id:
            added = max(each.field_id for each in before.columns.values()) + 1
            yield (
                f"{name}.{column} has another field id: a column that was added needs"
                f" field_id = {added} or above in its contract"
            )
            return
        elif now.columns[column] != old:
            yield f"{name}.{column} is {_text(now.columns[column])} instead of {_text(old)}"
    for column, new in now.columns.items():
        if column not in before.columns and not new.nullable:
            yield f"{name}.{column} is new and not nullable"


def _table(table: WarehouseTable) -> TableShape:
    ids = field_ids(stored_columns(table))
    columns = {column.name: _column(column, ids[column.name]) for column in table.columns}
    kind, of = type(table).__name__.lower(), str(getattr(table, "of", ""))
    return TableShape(kind, of, table.key, table.record if isinstance(table, Fact) else "", columns)


def _column(column: Column, field_id: int) -> ColumnShape:
    return ColumnShape(str(column.type), column.nullable, field_id, column.references)


def _text(column: ColumnShape) -> str:
    refers = f" to {column.references}" if column.references else ""
    return f"{column.type}{'' if column.nullable else ' not null'}{refers}"
