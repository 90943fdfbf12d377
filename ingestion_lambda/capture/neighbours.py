"""Compare each row of an ordered table with the row before or after it."""

import pyarrow as pa
import pyarrow.compute as pc

from ingestion_lambda.mirror.difference import differs

FALSE = pa.array([False])


def of_before(condition: pa.Array) -> pa.Array:
    """Return for each row the condition of the row before it, false for the first."""
    return pa.concat_arrays([FALSE, condition])[: len(condition)]


def differs_from_next(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return for each value whether the next one differs; true for the last."""
    values = flat(column)
    unequal = pc.not_equal(values[:-1], values[1:])
    return pa.concat_arrays([unequal, pc.invert(FALSE)])[: len(values)]


def differs_from_before(rows: pa.Table) -> pa.Array:
    """Return for each row whether any value differs from the row before; false for the first."""
    is_other = differs(rows.slice(1), rows.slice(0, max(0, rows.num_rows - 1)))
    return pa.concat_arrays([FALSE, flat(is_other)])[: rows.num_rows]


def flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return the column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
