"""Arrow schemas of source tables, a row of the mirror and a changed row of a batch, and how the
latter is read."""

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.observation import CHANGE, CHANGE_SEQ, UNFIT_VALUES
from contracts.tables import Column, SourceTable, Type


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
    columns = [pa.field(column.name, arrow_type(column.type)) for column in table.columns]
    return pa.schema([*columns, _field(UNFIT_VALUES)])


def batch_schema(table: SourceTable) -> pa.Schema:
    """Return the schema of a changed row in a batch."""
    return pa.schema([*row_schema(table), *(_field(column) for column in CHANGE)])


def read_changes(body: bytes, columns: Sequence[str]) -> pa.Table:
    """Return columns of a Parquet file with changed rows. ``change_seq`` is 0 in a file that was
    written before the column existed."""
    file = pq.ParquetFile(io.BytesIO(body))
    rows = file.read(columns=[name for name in columns if name in file.schema_arrow.names])
    if CHANGE_SEQ.name in columns and CHANGE_SEQ.name not in rows.column_names:
        zeros = pa.repeat(pa.scalar(0, arrow_type(CHANGE_SEQ.type)), rows.num_rows)
        rows = rows.append_column(CHANGE_SEQ.name, zeros)
    return rows.select(columns)


def _field(column: Column) -> pa.Field:
    return pa.field(column.name, arrow_type(column.type), column.nullable)
