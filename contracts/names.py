"""Check that every name that a contract uses exists."""

from collections.abc import Collection, Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from contracts.errors import ContractError
from contracts.field_ids import check_field_ids
from contracts.nearest import nearest
from contracts.observation import batch_columns, stored_columns
from contracts.tables import Calendar, Column, Dimension, Fact, Source, SourceTable, Warehouse
from contracts.tables import WarehouseTable as Table

FIRST_VALID = ("created_date", "created_time")
"""Columns that a fact must have: its first version is valid from them on."""


class Use(NamedTuple):
    """A name that a contract uses: under which key, and the names that are valid there."""

    key: str
    name: str
    valid: Collection[str]


def check_source(source: Source, where: str) -> None:
    """Raise ContractError unless the time zone exists, and so does the column ``created``."""
    if not _is_timezone(source.timezone):
        _check([Use("timezone", source.timezone, available_timezones())], where)
    if source.created:
        columns = (column for table in source.tables.values() for column in table.columns)
        names = {column.name for column in columns if column.type.kind == "timestamp"}
        _check([Use("created", source.created, names)], where)


def _is_timezone(name: str) -> bool:
    """Return whether the zone exists. UTC exists even where no time zone data is installed."""
    try:
        return name == "UTC" or bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return False


def check_source_table(table: SourceTable, where: str) -> None:
    """Raise ContractError unless the table has its key, and its field ids are complete."""
    _check([Use("key", table.key, table.column_names)], where)
    check_field_ids(batch_columns(table), where)


def check_warehouse_table(
    table: Table, warehouse: Warehouse, source: Source, lists: Collection[str], where: str
) -> None:
    """Raise ContractError unless every name in the table's contract exists.

    ``lists`` are the names of the reference lists.
    """
    _check(_uses(table, warehouse, source, lists), where)
    check_field_ids(stored_columns(table), where)
    if isinstance(table, Fact):
        missing = [name for name in FIRST_VALID if name not in table.column_names]
        if missing:
            raise ContractError(f"{where}: a fact needs the columns {missing}. To fix: add them.")
    if isinstance(table, Dimension) and table.incremental and table.lookups:
        raise ContractError(
            f"{where}: an incremental dimension cannot have lookups, because it is not read again"
            " when what it looks up changes. To fix: remove incremental or the lookups."
        )


def _check(uses: Iterator[Use] | list[Use], where: str) -> None:
    for use in uses:
        if use.name not in use.valid:
            hint = nearest(use.name, use.valid)
            raise ContractError(
                f"{where}: {use.key} names '{use.name}', which does not exist; {hint}"
                " To fix: edit the file."
            )


def _uses(
    table: Table, warehouse: Warehouse, source: Source, lists: Collection[str]
) -> Iterator[Use]:
    """Yield the names in an order in which each may rely on the ones before."""
    yield Use("key", table.key, table.column_names)
    if isinstance(table, Calendar):
        return
    yield Use("of", table.of, source.tables)
    own = source.tables[table.of].column_names
    lookups = table.lookups if isinstance(table, Dimension) else {}
    for name, holder in lookups.items():
        yield Use("lookups", name, source.tables)
        yield Use(f"lookups.{name}", holder, own)
    dimensions = [name for name, other in warehouse.tables.items() if not isinstance(other, Fact)]
    for column in table.columns:
        yield from _column_uses(column, table.of, lookups, source)
        if column.references:
            yield Use(f"columns.{column.name}.references", column.references, dimensions)
        if column.translate:
            yield Use(f"columns.{column.name}.translate", column.translate, lists)


def _column_uses(
    column: Column, of: str, lookups: Collection[str], source: Source
) -> Iterator[Use]:
    if not column.origin:
        return
    key = f"columns.{column.name}.from"
    if column.lookup:
        yield Use(key, column.lookup, lookups)
    yield Use(key, column.origin_column, source.tables[column.lookup or of].column_names)
