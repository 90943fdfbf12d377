"""The states of a dimension that looks up several tables."""

from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

import contracts
from contracts import Column, Dimension, SourceTable, Type
from glue_jobs.transform.dimensions import joined_states
from tests.integration.glue_jobs.conftest import create_frame

INT, TEXT = Type("int"), Type("text")
STATE = {
    "op": "string", "batch_seq": "long", "observed_at": "timestamp_ntz", "change_seq": "integer",
}  # fmt: skip


def column(name: str, type_: Type = TEXT, origin: str = "") -> Column:
    return Column(name, type_, True, "", origin)


TABLES = {
    "shirt": (column("shirt_id", INT), column("colour_id", INT), column("size_id", INT)),
    "colour": (column("colour_id", INT), column("colour")),
    "size": (column("size_id", INT), column("size")),
}
SOURCE = replace(
    contracts.source(),
    tables={name: SourceTable(name, "", f"{name}_id", own) for name, own in TABLES.items()},
)
DIM_SHIRT = Dimension(
    "dim_shirt",
    "",
    "shirt_id",
    (
        column("shirt_id", INT, "shirt_id"),
        column("colour", origin="colour.colour"),
        column("size", origin="size.size"),
    ),
    "shirt",
    {"colour": "colour_id", "size": "size_id"},
)


def states(spark: SparkSession, table: str, *rows: tuple[object, ...]) -> DataFrame:
    """Return the states of a table: the values of its columns, the batch that brought them, and
    the number of their transaction in it."""
    types = {"int": "integer", "text": "string"}
    columns = {each.name: types[str(each.type)] for each in TABLES[table]}
    schema = StructType()
    for name, kind in (columns | STATE).items():
        schema.add(name, kind)
    values = [(*row[:-2], "U", row[-2], None, row[-1]) for row in rows]
    return create_frame(spark, values, schema)


def shirts(spark: SparkSession, **rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Return the batch, the colour and the size of each joined state."""
    of_tables = {table: states(spark, table, *rows[table]) for table in TABLES}
    joined = joined_states(of_tables, DIM_SHIRT, SOURCE).select("batch_seq", "colour", "size")
    return [tuple(row) for row in joined.orderBy("batch_seq").collect()]


def test_dimension_has_a_state_for_each_batch_in_which_one_of_its_lookups_changed(
    spark: SparkSession,
) -> None:
    assert shirts(
        spark,
        shirt=[(1, 1, 1, 1, 0)],
        colour=[(1, "red", 1, 0), (1, "blue", 3, 0)],
        size=[(1, "S", 1, 0), (1, "M", 2, 0), (1, "L", 4, 0)],
    ) == [(1, "red", "S"), (2, "red", "M"), (3, "blue", "M"), (4, "blue", "L")]


def test_state_of_a_batch_is_that_of_its_last_transaction(spark: SparkSession) -> None:
    """The order of the rows that are read says nothing."""
    assert shirts(
        spark,
        shirt=[(1, 2, 1, 1, 7), (1, 1, 1, 1, 3)],
        colour=[(1, "red", 1, 0), (2, "green", 1, 0)],
        size=[(1, "L", 2, 5), (1, "M", 2, 4), (1, "S", 1, 0)],
    ) == [(1, "green", "S"), (2, "green", "L")]
