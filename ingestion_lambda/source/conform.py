"""Conform the source's text values to the types of the contract, cell by cell if necessary."""

import json

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.source.cast import cast
from ingestion_lambda.source.encoding import CONVERTED, Encoding


def conform(
    cells: pa.RecordBatch, table: SourceTable, encoding: Encoding = CONVERTED
) -> pa.RecordBatch:
    r"""Return the rows of ``cells`` in the table's schema. A column is text, bytes or of its type.

    A value that its type cannot hold (NaN, infinity, a year of five digits, an overflow, bytes that
    are not text in ``encoding``) becomes NULL, with its text in ``_unfit``; the row and the batch
    continue. Bytes are written there as PostgreSQL writes a bytea: ``\x52656ee9``.
    """
    schema = row_schema(table)
    columns, unfit = [], {}
    for name, cell in zip(cells.schema.names, cells.columns, strict=True):
        values = _conformed(cell, schema.field(name).type, encoding)
        columns.append(values)
        if values.null_count > cell.null_count:
            unfit[name] = pc.and_(pc.is_null(values), pc.is_valid(cell))
    return pa.RecordBatch.from_arrays(
        [*columns, _unfit_column(cells, unfit, encoding)], schema=schema
    )


def _conformed(cell: pa.Array, type_: pa.DataType, encoding: Encoding) -> pa.Array:
    if cell.type == type_:
        return cell
    text = encoding.decode(cell)
    if pa.types.is_boolean(type_):
        text = _boolean(text)
    if pa.types.is_decimal(type_):
        text = _decimal(text, type_)
    return cast(text, type_)


def _boolean(text: pa.Array) -> pa.Array:
    """Return COPY's t and f as words that Arrow's cast accepts."""
    words = pc.if_else(pc.equal(text, "f"), "false", text)
    return pc.if_else(pc.equal(text, "t"), "true", words)


def _decimal(text: pa.Array, type_: pa.Decimal128Type) -> pa.Array:
    """Return ``text`` without numbers that do not fit ``type_``: Arrow's cast multiplies by the
    scale modulo 2^128, so that 2^128 would become 0. Zeros at a fraction's end do not count."""
    integer_digits, scale = type_.precision - type_.scale, type_.scale
    if _are_short(text, integer_digits, scale):
        return text
    short = pc.replace_substring_regex(text, r"(\.\d*?)0+$", r"\1")
    fits = pc.match_substring_regex(short, rf"^-?0*\d{{0,{integer_digits}}}(\.\d{{0,{scale}}})?$")
    return pc.if_else(fits, short, pa.scalar(None, pa.string()))


def _are_short(text: pa.Array, integer_digits: int, scale: int) -> bool:
    """Return whether no number is longer before or after its point, where a sign is a digit."""
    length, point = pc.binary_length(text), pc.find_substring(text, ".")
    whole = pc.if_else(pc.less(point, 0), length, point)
    is_short = pc.and_(
        pc.less_equal(whole, integer_digits), pc.less_equal(pc.subtract(length, whole), 1 + scale)
    )
    return bool(pc.all(is_short, min_count=0).as_py())


def _unfit_column(
    cells: pa.RecordBatch, unfit: dict[str, pa.Array], encoding: Encoding
) -> pa.Array:
    """Return the column ``_unfit``; ``unfit`` maps a column to the mask of its unfit values."""
    rows: dict[int, dict[str, str]] = {}
    for name, mask in unfit.items():
        for row in pc.indices_nonzero(mask).to_pylist():
            rows.setdefault(row, {})[name] = encoding.original(cells.column(name)[row].as_py())
    if not rows:
        return pa.nulls(cells.num_rows, pa.string())
    notes = [json.dumps(rows[row]) if row in rows else None for row in range(cells.num_rows)]
    return pa.array(notes, pa.string())
