"""The tables and nullable columns of the contracts that the warehouse does not have yet, as DDL.

A column that may be NULL is added without reading or rewriting a row. A fact and the table of its
latest versions get it together, so that the latter is not recreated.
"""

from collections.abc import Iterable
from itertools import chain

from pg8000.native import Connection

from contracts import Column, Fact, Warehouse, WarehouseTable
from contracts.observation import ORDER
from postgres import Sql, names, render
from warehouse.schema_check import read_columns

ADD_COLUMN = "alter table {table} add column {column}{reference};\n"
ADD_TO_LATEST = "alter table if exists etl.{table} add column {column};\n"
REFERENCE = " references {dimension}"
CREATE_TABLE = "create table {table} ({columns}, primary key ({key}));\n"
VERSION_KEY = "alter table {table} add unique ({key}, {order});\n"
INDEX = """create index on {table} (batch_seq);
create index on {table} (batch_seq) where is_deleted;
"""


def additions(connection: Connection, warehouse: Warehouse, schema: str) -> dict[str, Sql]:
    """Return the statements of each addition, by the name of its table or column, in an order in
    which they can run with ``schema`` as search_path. A column that must not be NULL cannot be
    added to a table that exists: `warehouse.schema_check` refuses it."""
    existing = read_columns(connection, schema)
    tables = {name for name, _ in existing}
    added = dict[str, Sql]()
    ordered: Iterable[WarehouseTable] = chain(
        warehouse.calendars, warehouse.dimensions, warehouse.facts
    )
    for table in ordered:
        if table.name not in tables:
            added[table.name] = _created(table, warehouse)
            continue
        for column in table.columns:
            if (table.name, column.name) not in existing and column.nullable:
                added[f"{table.name}.{column.name}"] = _added(table, column, warehouse)
    return added


def _added(table: WarehouseTable, column: Column, warehouse: Warehouse) -> Sql:
    """Return the statements that add a column. A reference of a new column without values is valid
    without a check of the rows."""
    definition, reference = _definition(column), _reference(column, warehouse)
    statement = render(ADD_COLUMN, table=table.name, column=definition, reference=reference)
    if not isinstance(table, Fact):
        return statement
    return Sql(statement + render(ADD_TO_LATEST, table=table.latest, column=definition))


def _created(table: WarehouseTable, warehouse: Warehouse) -> Sql:
    columns = [Sql(_definition(column) + _reference(column, warehouse)) for column in table.columns]
    if not isinstance(table, Fact):
        return render(
            CREATE_TABLE, table=table.name, columns=Sql(", ".join(columns)), key=table.key
        )
    columns.insert(0, render("{record} serial", record=table.record))
    parts = {"table": table.name, "columns": Sql(", ".join(columns)), "order": names(ORDER)}
    created = render(CREATE_TABLE, key=table.record, **parts)
    return Sql(created + render(VERSION_KEY, key=table.key, **parts) + render(INDEX, **parts))


def _definition(column: Column) -> Sql:
    null = Sql("" if column.nullable else " not null")
    return render("{name} {type}{null}", name=column.name, type=Sql(str(column.type)), null=null)


def _reference(column: Column, warehouse: Warehouse) -> Sql:
    refers = column.references in warehouse.tables
    return render(REFERENCE, dimension=column.references) if refers else Sql("")
