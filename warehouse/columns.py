"""The columns of tables, and of the views and functions of a fact, with their meanings."""

from collections.abc import Iterator

from contracts import Column, Dimension, Fact, Type, Warehouse, WarehouseTable
from contracts.observation import BATCH_SEQ, CHANGE_SEQ, CHANGED_AT, OBSERVED_AT

CHANGES = (
    Column("change", Type("text"), False, "created, updated or deleted."),
    Column("column_name", Type("text"), True, "The updated column; otherwise NULL."),
    Column("old_value", Type("text"), True, "The previous value, as text."),
    Column("new_value", Type("text"), True, "The new value, as text."),
)
"""Columns that describe one change of a column."""

VALIDITY = (
    Column("version", Type("bigint"), False, "Number of the version within its row, from 1."),
    Column("valid_from", Type("timestamp"), False, "Start of validity, on the source's clock."),
    Column(
        "valid_to", Type("timestamp"), True, "End of validity, exclusive; NULL while it is valid."
    ),
    Column("is_current", Type("boolean"), False, "Whether it is the latest version of its row."),
)
"""Columns that describe when a version was valid."""


def table_columns(table: WarehouseTable) -> tuple[Column, ...]:
    """Return the columns of the table; the first column of a fact is its record number."""
    if not isinstance(table, Fact):
        return table.columns
    about = "Number that the warehouse assigns to the version."
    return Column(table.record, Type("int"), False, about), *table.columns


def view_columns(fact: Fact, kind: str, warehouse: Warehouse) -> tuple[Column, ...]:
    """Return the columns of the view or function of a kind (`warehouse.templates.KINDS`)."""
    match kind:
        case "history":
            return *table_columns(fact), *VALIDITY
        case "changes":
            own = BATCH_SEQ, CHANGE_SEQ, OBSERVED_AT, CHANGED_AT
            return fact.column(fact.key), *own, *CHANGES
        case "wide":
            joined = (wide_column(*pair) for pair in dimension_columns(fact, warehouse))
            return *table_columns(fact), *joined
        case _:
            return table_columns(fact)


def references(fact: Fact, warehouse: Warehouse) -> Iterator[tuple[Column, Dimension]]:
    """Yield each column that refers to a dimension, except those that refer to a calendar."""
    for column in fact.columns:
        dimension = warehouse.tables.get(column.references)
        if isinstance(dimension, Dimension):
            yield column, dimension


def dimension_columns(
    fact: Fact, warehouse: Warehouse
) -> Iterator[tuple[Column, Dimension, Column]]:
    """Yield every column of the dimensions that the fact refers to, except the keys: the referring
    column, the dimension, the column."""
    for referring, dimension in references(fact, warehouse):
        for column in dimension.columns:
            if column.name != dimension.key:
                yield referring, dimension, column


def wide_column(referring: Column, dimension: Dimension, column: Column) -> Column:
    """Return a column of a dimension as a column of the wide view of the fact."""
    prefix = alias(referring)
    has_prefix = column.name.startswith(f"{prefix}_")
    return Column(
        column.name if has_prefix else f"{prefix}_{column.name}",
        column.type,
        column.nullable or referring.nullable,
        column.about,
        f"{dimension.name}.{column.name}",
    )


def alias(referring: Column) -> str:
    """Return the alias of the dimension that a column refers to."""
    return referring.name.removesuffix("_id")
