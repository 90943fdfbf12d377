"""Text from the source made into the contract's types, cell by cell where it must be."""

import json

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from contracts.arrow import row_schema


def conform(texts: pa.RecordBatch, table: SourceTable) -> pa.RecordBatch:
    """The rows of ``texts`` (every column text) in the table's row schema.

    A value that its type cannot hold (NaN, infinity, a year of five digits, an overflow) becomes
    NULL, with its text in ``_unfit``; it stops nothing.
    """
    schema = row_schema(table)
    columns, misfits = [], {}
    for name, text in zip(texts.schema.names, texts.columns, strict=True):
        values = _boolean(text) if pa.types.is_boolean(schema.field(name).type) else text
        values = _cast(values, schema.field(name).type)
        columns.append(values)
        if values.null_count > text.null_count:
            misfits[name] = pc.and_(pc.is_null(values), pc.is_valid(text))
    return pa.RecordBatch.from_arrays([*columns, _unfit(texts, misfits)], schema=schema)


def _boolean(text: pa.Array) -> pa.Array:
    """COPY writes booleans as t and f, which a cast from text does not know."""
    words = pc.if_else(pc.equal(text, "f"), "false", text)
    return pc.if_else(pc.equal(text, "t"), "true", words)


def _cast(text: pa.Array, type_: pa.DataType) -> pa.Array:
    """``text`` as ``type_``, NULL where it does not fit, found by halving."""
    try:
        return text.cast(type_)
    except pa.ArrowInvalid:
        if len(text) == 1:
            return pa.nulls(1, type_)
        middle = len(text) // 2
        return pa.concat_arrays([_cast(text[:middle], type_), _cast(text[middle:], type_)])


def _unfit(texts: pa.RecordBatch, misfits: dict[str, pa.Array]) -> pa.Array:
    cells: dict[int, dict[str, str]] = {}
    for name, mask in misfits.items():
        for row in pc.indices_nonzero(mask).to_pylist():
            cells.setdefault(row, {})[name] = texts.column(name)[row].as_py()
    notes = [json.dumps(cells[row]) if row in cells else None for row in range(texts.num_rows)]
    return pa.array(notes, pa.string()) if cells else pa.nulls(texts.num_rows, pa.string())
