"""Compare the tables of the warehouse with their contracts."""

from pg8000.native import Connection

from contracts import Column, Fact, Warehouse, WarehouseTable
from warehouse.errors import WarehouseMismatch

TYPE_NAMES = {
    "int": "integer",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
}
"""Names that PostgreSQL gives to types of the contracts, if they differ."""

COLUMNS = """
select relname, attname, format_type(atttypid, atttypmod), not attnotnull
from pg_namespace
join pg_class on relnamespace = pg_namespace.oid
join pg_attribute on attrelid = pg_class.oid
where nspname = :schema and relkind in ('r', 'p')
    and attnum > 0 and not attisdropped
"""
Catalog = dict[tuple[str, str], tuple[str, bool]]


def read_columns(connection: Connection, schema: str) -> Catalog:
    """Return the type and the nullability of each column of the tables in ``schema``."""
    rows = connection.run(COLUMNS, schema=schema)
    return {(table, column): (kind, null) for table, column, kind, null in rows}


def check_schema(connection: Connection, warehouse: Warehouse, schema: str) -> None:
    """Raise WarehouseMismatch if a column is missing, or differs from its contract in type or
    nullability: a load into an adopted table with such a difference would fail."""
    catalog = read_columns(connection, schema)
    for table in warehouse.tables.values():
        for column in table.columns:
            _check_column(catalog, table, column)
        if isinstance(table, Fact) and (table.name, table.record) not in catalog:
            raise WarehouseMismatch(_missing(table, table.record))


def _check_column(catalog: Catalog, table: WarehouseTable, column: Column) -> None:
    expected = TYPE_NAMES.get(column.type.kind, str(column.type)), column.nullable
    actual = catalog.get((table.name, column.name))
    if actual is None:
        raise WarehouseMismatch(_missing(table, column.name))
    if actual != expected:
        raise WarehouseMismatch(
            f"{table.name}.{column.name} is {_definition(*actual)} in the warehouse, and"
            f" {_definition(*expected)} in its contract. To fix: restore the contract, or rebuild"
            " the next generation into an empty database; alter a table that existed before the"
            " warehouse, then migrate again."
        )


def _missing(table: WarehouseTable, column: str) -> str:
    return (
        f"{table.name} has no column {column} in the warehouse, and its contract says that it is"
        " never NULL. To fix: write a question mark after its type in the contract, or rebuild the"
        " next generation into an empty database; a table that existed before the warehouse needs"
        " the column, or another name."
    )


def _definition(kind: str, nullable: bool) -> str:
    return f"{kind}{'' if nullable else ' not null'}"
