"""The states of a dimension that looks up several tables."""

from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession

import contracts
from contracts import Column, Dimension, SourceTable, Type
from glue_jobs.transform.dimensions import joined_states

INT, TEXT = Type("int"), Type("text")
STATE = "op string, batch_seq bigint, observed_at timestamp_ntz, change_seq int"


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
    """Return the states of a table: the values of its columns, and the batch that brought them."""
    columns = ", ".join(
        f"{each.name} {each.type}".replace("text", "string") for each in TABLES[table]
    )
    values = [(*row[:-1], "U", row[-1], None, 0) for row in rows]
    return spark.createDataFrame(values, f"{columns}, {STATE}")


def test_dimension_has_a_state_for_each_batch_in_which_one_of_its_lookups_changed(
    spark: SparkSession,
) -> None:
    joined = joined_states(
        {
            "shirt": states(spark, "shirt", (1, 1, 1, 1)),
            "colour": states(spark, "colour", (1, "red", 1), (1, "blue", 3)),
            "size": states(spark, "size", (1, "S", 1), (1, "M", 2), (1, "L", 4)),
        },
        DIM_SHIRT,
        SOURCE,
    )
    found = joined.select("batch_seq", "colour", "size").orderBy("batch_seq").collect()
    assert [tuple(row) for row in found] == [
        (1, "red", "S"), (2, "red", "M"), (3, "blue", "M"), (4, "blue", "L"),
    ]  # fmt: skip
