"""Iceberg schemas of the tables in the lake."""

from collections.abc import Mapping, Sequence

from pyiceberg import types
from pyiceberg.schema import Schema

from contracts.field_ids import by_field_id, field_ids
from contracts.tables import Column, Type

METRICS = "write.metadata.metrics.column.{}"
WITHOUT_BOUNDS = "counts"


def iceberg_type(type_: Type) -> types.IcebergType:
    """Return the Iceberg type. A time of day is text, as Spark stores it."""
    match type_.kind:
        case "int":
            return types.IntegerType()
        case "bigint":
            return types.LongType()
        case "text" | "time":
            return types.StringType()
        case "boolean":
            return types.BooleanType()
        case "numeric":
            return types.DecimalType(type_.precision, type_.scale)
        case "timestamp":
            return types.TimestampType()
        case "date":
            return types.DateType()


def iceberg_schema(columns: Sequence[Column]) -> Schema:
    """Return the schema of a table, its columns in the order of their field ids: the catalog
    numbers the columns of a new table by their place. All are optional."""
    ids = field_ids(columns)
    return Schema(
        *(
            types.NestedField(
                ids[column.name], column.name, iceberg_type(column.type), doc=column.about
            )
            for column in by_field_id(columns)
        )
    )


def metrics(columns: Sequence[Column], personal: frozenset[str]) -> Mapping[str, str]:
    """Return the table properties by which manifests have no bounds of texts and of personal
    columns: a bound is the start of a value, which an erasure would have to find."""
    return {
        METRICS.format(column.name): WITHOUT_BOUNDS
        for column in columns
        if column.type.kind == "text" or column.name in personal
    }
