"""The comments of tables and columns in the database: their meanings, from the contracts."""

from collections.abc import Iterable

from contracts import Column, Warehouse
from postgres import Sql, render, value
from warehouse.columns import table_columns

TABLE = "comment on table {name} is {about};\n"
COLUMN = "comment on column {relation}.{name} is {about};\n"


def table_comments(warehouse: Warehouse) -> Sql:
    """Return the statements for every table of the contracts."""
    return Sql(
        "".join(
            render(TABLE, name=table.name, about=value(table.about))
            + column_comments(table.name, table_columns(table))
            for table in warehouse.tables.values()
        )
    )


def column_comments(relation: str, columns: Iterable[Column]) -> Sql:
    """Return the statements for the columns of a table or view."""
    comments = (
        render(COLUMN, relation=relation, name=column.name, about=value(column.about))
        for column in columns
    )
    return Sql("".join(comments))
