"""Conform the source's text values to the types of the contract, cell by cell if necessary."""

import json

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from contracts.arrow import row_schema


def conform(texts: pa.RecordBatch, table: SourceTable) -> pa.RecordBatch:
    """Return the rows of ``texts``, in which every column is text, in the table's row schema.

    A value that its type cannot hold (NaN, infinity, a year of five digits, an overflow) becomes
    NULL, with its text in ``_unfit``; the row and the batch continue.
    """
    schema = row_schema(table)
    columns, unfit = [], {}
    for name, text in zip(texts.schema.names, texts.columns, strict=True):
        values = _boolean(text) if pa.types.is_boolean(schema.field(name).type) else text
        values = _cast(values, schema.field(name).type)
        columns.append(values)
        if values.null_count > text.null_count:
            unfit[name] = pc.and_(pc.is_null(values), pc.is_valid(text))
    return pa.RecordBatch.from_arrays([*columns, _unfit_column(texts, unfit)], schema=schema)


def _boolean(text: pa.Array) -> pa.Array:
    """Return COPY's t and f as words that Arrow's cast accepts."""
    words = pc.if_else(pc.equal(text, "f"), "false", text)
    return pc.if_else(pc.equal(text, "t"), "true", words)


def _cast(text: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return ``text`` as ``type_``, with NULL for each value that does not fit. A cast reports one
    failure for the whole array, so the values that do not fit are found by bisection."""
    try:
        return text.cast(type_)
    except pa.ArrowInvalid:
        if len(text) == 1:
            return pa.nulls(1, type_)
        middle = len(text) // 2
        return pa.concat_arrays([_cast(text[:middle], type_), _cast(text[middle:], type_)])


def _unfit_column(texts: pa.RecordBatch, unfit: dict[str, pa.Array]) -> pa.Array:
    """Return the column ``_unfit``; ``unfit`` maps a column to the mask of its unfit values."""
    cells: dict[int, dict[str, str]] = {}
    for name, mask in unfit.items():
        for row in pc.indices_nonzero(mask).to_pylist():
            cells.setdefault(row, {})[name] = texts.column(name)[row].as_py()
    notes = [json.dumps(cells[row]) if row in cells else None for row in range(texts.num_rows)]
    return pa.array(notes, pa.string()) if cells else pa.nulls(texts.num_rows, pa.string())
