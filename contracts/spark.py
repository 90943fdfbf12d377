"""The Spark types of contracts."""

from pyspark.sql import types as spark

from contracts.arrow import UNFIT
from contracts.tables import SourceTable, Type, WarehouseTable


def spark_type(type_: Type) -> spark.DataType:
    """Spark has no time of day: it is text, 'HH:MM:SS.ffffff', until the warehouse casts it."""
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
    """The rows of a warehouse table as *processed* holds them."""
    return spark.StructType(
        [spark.StructField(c.name, spark_type(c.type), c.nullable) for c in table.columns]
    )


def row_schema(table: SourceTable) -> spark.StructType:
    """A row of the source with what did not fit, as `contracts.arrow.row_schema` wrote it."""
    columns = [spark.StructField(c.name, spark_type(c.type)) for c in table.columns]
    return spark.StructType([*columns, spark.StructField(UNFIT, spark.StringType())])


def batch_schema(table: SourceTable) -> spark.StructType:
    """A changed row as it lies in a batch, as `contracts.arrow.batch_schema` wrote it."""
    observation = [
        spark.StructField("op", spark.StringType()),
        spark.StructField("batch_seq", spark.LongType()),
        spark.StructField("observed_at", spark.TimestampNTZType()),
    ]
    return spark.StructType([*row_schema(table), *observation])
