"""The Arrow schemas of source tables: as mirrored, and as landed in a batch."""

import pyarrow as pa

from contracts.tables import SourceTable, Type

UNFIT = "_unfit"
"""JSON object {column: original text} of the values that their type cannot hold; NULL if none."""

OBSERVATION = (
    pa.field("op", pa.string(), nullable=False),
    pa.field("batch_seq", pa.int64(), nullable=False),
    pa.field("observed_at", pa.timestamp("us"), nullable=False),
)
"""What a batch says of a row: 'I', 'U' or 'D', the batch, and the clock of its snapshot."""


def arrow_type(type_: Type) -> pa.DataType:
    """Money is decimal, timestamps are naive microseconds, text is text."""
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
    """A row of the source with what did not fit: the schema of the mirror.

    Every column may be NULL: a value that does not fit its type is.
    """
    columns = [pa.field(column.name, arrow_type(column.type)) for column in table.columns]
    return pa.schema([*columns, pa.field(UNFIT, pa.string())])


def batch_schema(table: SourceTable) -> pa.Schema:
    """A changed row as it lands in a batch."""
    return pa.schema([*row_schema(table), *OBSERVATION])
