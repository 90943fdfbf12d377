"""Spark schemas of the tables in the lake."""

from collections.abc import Sequence

from pyspark.sql import types as spark

from contracts.field_ids import field_ids
from contracts.observation import (
    BATCH_SEQ,
    CHANGE_SEQ,
    UNFIT_VALUES,
    batch_columns,
    quarantine_columns,
    stored_columns,
    tombstone_columns,
)
from contracts.tables import Column, Fact, SourceTable, Type, WarehouseTable

WHERE_ABSENT = {CHANGE_SEQ.name: "0"}
"""The value of a column, as SQL, in a file that was written before the column existed."""

FIELD_ID = "parquet.field.id"
"""Metadata of a column: its number in the Parquet files that Spark writes."""

ABSENT = "EXISTS_DEFAULT"
"""Metadata of a column: the value that Spark reads from a file without the column."""


def spark_type(type_: Type) -> spark.DataType:
    """Return the Spark type.

    Spark has no type for a time of day: it is text, 'HH:MM:SS.ffffff', which the warehouse casts.
    """
    match type_.kind:
        case "int":
            return spark.IntegerType()
        case "bigint":
            return spark.LongType()
        case "text" | "time":
            return spark.StringType()
        case "boolean":
            return spark.BooleanType()
        case "numeric":
            return spark.DecimalType(type_.precision, type_.scale)
        case "timestamp":
            return spark.TimestampNTZType()
        case "date":
            return spark.DateType()


def spark_schema(table: WarehouseTable) -> spark.StructType:
    """Return the schema of a warehouse table in the *processed* store."""
    return _schema(stored_columns(table))


def tombstone_schema(fact: Fact) -> spark.StructType:
    """Return the schema of the fact's tombstones."""
    return _schema(tombstone_columns(fact))


def quarantine_schema(table: SourceTable) -> spark.StructType:
    """Return the schema of the table's quarantined rows."""
    return _schema(quarantine_columns(table))


def order_schema(fact: Fact) -> spark.StructType:
    """Return the schema of the key and the order of a version, or of a tombstone, of the fact."""
    return _schema([fact.column(fact.key), BATCH_SEQ, CHANGE_SEQ])


def row_schema(table: SourceTable) -> spark.StructType:
    """Return the schema of a mirror file, which was written by `contracts.arrow.row_schema`."""
    return _schema([*table.columns, UNFIT_VALUES])


def batch_schema(table: SourceTable) -> spark.StructType:
    """Return the schema of a batch file, which was written by `contracts.arrow.batch_schema`."""
    return _schema(batch_columns(table))


def _schema(columns: Sequence[Column]) -> spark.StructType:
    """Return the schema of these columns, all nullable, with their field ids."""
    ids = field_ids(columns)
    return spark.StructType([_field(column, ids[column.name]) for column in columns])


def _field(column: Column, field_id: int) -> spark.StructField:
    metadata: dict[str, object] = {FIELD_ID: field_id}
    if absent := WHERE_ABSENT.get(column.name):
        metadata[ABSENT] = absent
    return spark.StructField(column.name, spark_type(column.type), nullable=True, metadata=metadata)
