"""The columns of a table and of the views and functions of a fact, and what each means."""

from collections.abc import Iterator

from contracts import Column, Dimension, Fact, Type, Warehouse, WarehouseTable

CHANGES = (
    Column("change", Type("text"), False, "What happened: created, updated or deleted."),
    Column("column_name", Type("text"), True, "The column that was updated, otherwise NULL."),
    Column("old_value", Type("text"), True, "What it said before, as text."),
    Column("new_value", Type("text"), True, "What it says since, as text."),
)
"""One change of a column."""

VALIDITY = (
    Column("version", Type("bigint"), False, "Number among the versions of its row, from 1."),
    Column(
        "valid_from", Type("timestamp"), False, "Since when it is valid, on the source's clock."
    ),
    Column(
        "valid_to", Type("timestamp"), True, "Since when it is valid no more; NULL while it is."
    ),
    Column("is_current", Type("boolean"), False, "Whether it is the latest version of its row."),
)
"""When a version was valid."""


def table_columns(table: WarehouseTable) -> tuple[Column, ...]:
    """The columns of the table itself; a fact begins with the number of its version."""
    if not isinstance(table, Fact):
        return table.columns
    about = "Number that the warehouse gives the version."
    return Column(table.record, Type("int"), False, about), *table.columns


def view_columns(fact: Fact, kind: str, warehouse: Warehouse) -> tuple[Column, ...]:
    """The columns of the view or function of that kind (`warehouse.templates.KINDS`)."""
    match kind:
        case "history":
            return *table_columns(fact), *VALIDITY
        case "changes":
            told = (fact.key, "batch_seq", "observed_at")
            return *(fact.column(name) for name in told), *CHANGES
        case "wide":
            joined = (wide_column(*pair) for pair in dimension_columns(fact, warehouse))
            return *table_columns(fact), *joined
        case _:
            return table_columns(fact)


def references(fact: Fact, warehouse: Warehouse) -> Iterator[tuple[Column, Dimension]]:
    """The columns that refer to a dimension which is no calendar."""
    for column in fact.columns:
        dimension = warehouse.tables.get(column.references)
        if isinstance(dimension, Dimension):
            yield column, dimension


def dimension_columns(
    fact: Fact, warehouse: Warehouse
) -> Iterator[tuple[Column, Dimension, Column]]:
    """What a row of the fact can be told of its dimensions: the column that refers, the dimension,
    and each of its columns but the key."""
    for referring, dimension in references(fact, warehouse):
        for column in dimension.columns:
            if column.name != dimension.key:
                yield referring, dimension, column


def wide_column(referring: Column, dimension: Dimension, column: Column) -> Column:
    """A dimension's column beside the fact that refers to it."""
    prefix = alias(referring)
    named = column.name.startswith(f"{prefix}_")
    return Column(
        column.name if named else f"{prefix}_{column.name}",
        column.type,
        column.nullable or referring.nullable,
        column.about,
        f"{dimension.name}.{column.name}",
    )


def alias(referring: Column) -> str:
    """What a dimension is called where a column refers to it."""
    return referring.name.removesuffix("_id")
