"""Spark schemas of the tables in the lake."""

from pyspark.sql import types as spark

from contracts.observation import CHANGE, UNFIT_VALUES
from contracts.tables import SourceTable, Type, WarehouseTable


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
    return spark.StructType(
        [spark.StructField(c.name, spark_type(c.type), c.nullable) for c in table.columns]
    )


def row_schema(table: SourceTable) -> spark.StructType:
    """Return the schema of a mirror file, which was written by `contracts.arrow.row_schema`."""
    columns = (*table.columns, UNFIT_VALUES)
    return spark.StructType([spark.StructField(c.name, spark_type(c.type)) for c in columns])


def batch_schema(table: SourceTable) -> spark.StructType:
    """Return the schema of a batch file, which was written by `contracts.arrow.batch_schema`."""
    change = [spark.StructField(c.name, spark_type(c.type)) for c in CHANGE]
    return spark.StructType([*row_schema(table), *change])
