"""Spark schemas of the tables in the lake."""

from pyspark.sql import types as spark

from contracts.observation import BATCH_SEQ, CHANGE, CHANGE_SEQ, UNFIT_VALUES, stored_columns
from contracts.tables import Column, Fact, SourceTable, Type, WarehouseTable

WHERE_ABSENT = {CHANGE_SEQ.name: "0"}
"""The value of a column, as SQL, in a file that was written before the column existed."""


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
    return spark.StructType([_field(column, column.nullable) for column in stored_columns(table)])


def order_schema(fact: Fact) -> spark.StructType:
    """Return the schema of the key and the order of a version, or of a tombstone, of the fact."""
    columns = fact.column(fact.key), BATCH_SEQ, CHANGE_SEQ
    return spark.StructType([_field(column, column.nullable) for column in columns])


def row_schema(table: SourceTable) -> spark.StructType:
    """Return the schema of a mirror file, which was written by `contracts.arrow.row_schema`."""
    columns = (*table.columns, UNFIT_VALUES)
    return spark.StructType([spark.StructField(c.name, spark_type(c.type)) for c in columns])


def batch_schema(table: SourceTable) -> spark.StructType:
    """Return the schema of a batch file, which was written by `contracts.arrow.batch_schema`."""
    return spark.StructType([*row_schema(table), *(_field(column, True) for column in CHANGE)])


def _field(column: Column, nullable: bool) -> spark.StructField:
    # Spark's Parquet reader returns this default where a file does not have the column
    absent = WHERE_ABSENT.get(column.name)
    metadata = {"EXISTS_DEFAULT": absent} if absent else None
    return spark.StructField(column.name, spark_type(column.type), nullable, metadata)
