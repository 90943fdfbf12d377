"""Rows of the source from the CSV of a COPY."""

from codecs import BOM_UTF8
from collections.abc import Mapping

import pyarrow as pa
from pyarrow import csv

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.source.conform import conform
from ingestion_lambda.source.encoding import CONVERTED, Encoding

PARSE = csv.ParseOptions(ignore_empty_lines=False)


def read_rows(block: bytes, table: SourceTable, encoding: Encoding = CONVERTED) -> pa.RecordBatch:
    """Return the rows of a block of CSV in the table's row schema.

    Arrow reads most values in their types at once, which takes a third of the time of bytes that
    are cast. It refuses the whole block if one value does not fit, so such a block is read as bytes
    and conformed cell by cell.
    """
    if encoding.codec == CONVERTED.codec:
        try:
            return conform(read_cells(block, _types(table)), table)
        except pa.ArrowInvalid:
            pass
    return conform(
        read_cells(block, dict.fromkeys(table.column_names, pa.binary())), table, encoding
    )


def read_cells(block: bytes, types: Mapping[str, pa.DataType]) -> pa.RecordBatch:
    """Return the cells of a block of whole rows. Raises ArrowInvalid if one is not of its type."""
    if block.startswith(BOM_UTF8):  # Arrow skips one, which belongs to the first value
        block = BOM_UTF8 + block
    read = csv.ReadOptions(
        block_size=len(block) + 1, column_names=list(types), use_threads=False
    )  # more than one block would be split at newlines within values
    convert = csv.ConvertOptions(
        column_types=types,
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    [rows] = csv.read_csv(pa.py_buffer(block), read, PARSE, convert).to_batches()
    return rows


def _types(table: SourceTable) -> Mapping[str, pa.DataType]:
    """Return the types of the table's columns; a decimal is text, because Arrow's reader does not
    refuse one that has too many digits before the point."""
    types = ((name, row_schema(table).field(name).type) for name in table.column_names)
    return {name: pa.string() if pa.types.is_decimal(type_) else type_ for name, type_ in types}
