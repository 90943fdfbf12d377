"""Arrow schemas of source tables, a row of the mirror and a changed row of a batch, and how the
latter is read."""

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.field_ids import field_ids
from contracts.observation import CHANGE_SEQ, batch_columns
from contracts.tables import Column, SourceTable, Type

FIELD_ID = "PARQUET:field_id"
"""Metadata of a column: its number in the Parquet files that Arrow writes."""


def arrow_type(type_: Type) -> pa.DataType:
    """Return the Arrow type. Numeric is decimal; timestamps are microseconds without a zone."""
    match type_.kind:
        case "int":
            return pa.int32()
        case "bigint":
            return pa.int64()
        case "text" | "time":
            return pa.string()
        case "boolean":
            return pa.bool_()
        case "numeric":
            return pa.decimal128(type_.precision, type_.scale)
        case "timestamp":
            return pa.timestamp("us")
        case "date":
            return pa.date32()


def row_schema(table: SourceTable) -> pa.Schema:
    """Return the schema of the mirror: a row of the source, and its values that do not fit.

    Every column is nullable, because a value that does not fit its type is stored as NULL.
    """
    return pa.schema(list(batch_schema(table))[: len(table.columns) + 1])


def batch_schema(table: SourceTable) -> pa.Schema:
    """Return the schema of a changed row in a batch."""
    columns = batch_columns(table)
    ids, own = field_ids(columns), set(table.column_names)
    return pa.schema([_field(c, ids[c.name], c.nullable or c.name in own) for c in columns])


def read_changes(body: bytes, columns: Sequence[str]) -> pa.Table:
    """Return columns of a Parquet file with changed rows. ``change_seq`` is 0 in a file that was
    written before the column existed."""
    file = pq.ParquetFile(io.BytesIO(body))
    rows = file.read(columns=[name for name in columns if name in file.schema_arrow.names])
    if CHANGE_SEQ.name in columns and CHANGE_SEQ.name not in rows.column_names:
        zeros = pa.repeat(pa.scalar(0, arrow_type(CHANGE_SEQ.type)), rows.num_rows)
        rows = rows.append_column(CHANGE_SEQ.name, zeros)
    return rows.select(columns)


def _field(column: Column, field_id: int, nullable: bool) -> pa.Field:
    return pa.field(column.name, arrow_type(column.type), nullable, {FIELD_ID: str(field_id)})
