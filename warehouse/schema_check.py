"""Compare the tables of the warehouse with their contracts."""

from pg8000.native import Connection

from contracts import Column, Fact, Warehouse, WarehouseTable
from warehouse.errors import WarehouseMismatch

TYPE_NAMES = {
    "int": "integer",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
}
"""What PostgreSQL calls a type of the contracts, where it has another word for it."""

COLUMNS = """
select relname, attname, format_type(atttypid, atttypmod), not attnotnull
from pg_namespace
join pg_class on relnamespace = pg_namespace.oid
join pg_attribute on attrelid = pg_class.oid
where nspname = :schema and relkind in ('r', 'p')
    and attnum > 0 and not attisdropped
"""
SourceCatalog = dict[tuple[str, str], tuple[str, bool]]


def check_shape(connection: Connection, warehouse: Warehouse, schema: str) -> None:
    """Raise WarehouseMismatch where a column is missing, or has another type, or may be NULL
    where its contract says NOT NULL or the reverse: what a migration cannot mend in a table that
    it adopts, a load would stumble over."""
    rows = connection.run(COLUMNS, schema=schema)
    shape: SourceCatalog = {(table, column): (kind, null) for table, column, kind, null in rows}
    for table in warehouse.tables.values():
        for column in table.columns:
            _check_column(shape, table, column)
        if isinstance(table, Fact) and (table.name, table.record) not in shape:
            raise WarehouseMismatch(_missing(table, table.record))


def _check_column(shape: SourceCatalog, table: WarehouseTable, column: Column) -> None:
    wanted = TYPE_NAMES.get(column.type.kind, str(column.type)), column.nullable
    found = shape.get((table.name, column.name))
    if found is None:
        raise WarehouseMismatch(_missing(table, column.name))
    if found != wanted:
        raise WarehouseMismatch(
            f"{table.name}.{column.name} is {_spelled(*found)} in the warehouse, and"
            f" {_spelled(*wanted)} by its contract. Alter it, then migrate again."
        )


def _missing(table: WarehouseTable, column: str) -> str:
    return (
        f"{table.name} has no column {column} in the warehouse. A new column of a contract needs a"
        " migration; a table that stood there before must have it, or make way under another name."
    )


def _spelled(kind: str, nullable: bool) -> str:
    return f"{kind}{'' if nullable else ' not null'}"
