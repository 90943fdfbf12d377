"""What changed in a bucket: the mirror's rows compared, value by value, with those read."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Difference:
    """Rows by what happened to them, and ``mirror``, the bucket as it is now, in key order."""

    inserted: pa.Table
    updated: pa.Table
    deleted: pa.Table
    mirror: pa.Table

    @property
    def changes(self) -> int:
        """How many rows changed."""
        rows: int = self.inserted.num_rows + self.updated.num_rows + self.deleted.num_rows
        return rows

    @property
    def is_empty(self) -> bool:
        """True where every row read was a repeat and none is gone."""
        return not self.changes


def difference(known: pa.Table, seen: pa.Table, gone: pa.Array, key: str) -> Difference:
    """``known`` against ``seen``, rows of one bucket with one row a key; ``gone`` are keys of
    ``known`` that the source no longer has. Deleted rows keep their last known values. A row
    that equals its mirror is a repeat and appears nowhere."""
    position = pc.index_in(seen[key], value_set=known[key].combine_chunks())
    is_new = pc.is_null(position)
    inserted = seen.filter(is_new)
    again = seen.filter(pc.invert(is_new))
    updated = again.filter(_differ(again, known.take(pc.drop_null(position))))
    is_gone = pc.is_in(known[key], value_set=gone)
    is_replaced = pc.is_in(known[key], value_set=updated[key].combine_chunks())
    kept = known.filter(pc.invert(pc.or_(is_gone, is_replaced)))
    mirror = pa.concat_tables([kept, updated, inserted]).sort_by(key)
    return Difference(inserted, updated, known.filter(is_gone), mirror)


def _differ(left: pa.Table, right: pa.Table) -> pa.ChunkedArray:
    """Row by row, whether any value differs; NULL equals NULL and nothing else."""
    differs = pa.chunked_array([pa.repeat(False, left.num_rows)])
    for one, other in zip(left.columns, right.columns, strict=True):
        unequal = pc.fill_null(pc.not_equal(one, other), False)
        half_null = pc.xor(pc.is_null(one), pc.is_null(other))
        differs = pc.or_(differs, pc.or_(unequal, half_null))
    return differs
