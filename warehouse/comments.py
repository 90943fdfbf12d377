"""Comments that tell whoever is in the database what each table and each column means."""

from collections.abc import Iterable

from contracts import Column, Warehouse
from postgres import Sql, render, value
from warehouse.columns import table_columns

TABLE = "comment on table {name} is {about};\n"
COLUMN = "comment on column {relation}.{name} is {about};\n"


def table_comments(warehouse: Warehouse) -> Sql:
    """The statements for every table of the contracts."""
    return Sql(
        "".join(
            render(TABLE, name=table.name, about=value(table.about))
            + column_comments(table.name, table_columns(table))
            for table in warehouse.tables.values()
        )
    )


def column_comments(relation: str, columns: Iterable[Column]) -> Sql:
    """The statements for the columns of a table or view."""
    comments = (
        render(COLUMN, relation=relation, name=column.name, about=value(column.about))
        for column in columns
    )
    return Sql("".join(comments))
