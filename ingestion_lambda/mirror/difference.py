"""The difference of a bucket: its mirrored rows compared, value by value, with the rows read."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Difference:
    """The rows of a bucket by operation. ``before`` and ``mirror`` are the old and the new mirror
    of the bucket, in key order; deleted rows have their last mirrored values."""

    inserted: pa.Table
    updated: pa.Table
    deleted: pa.Table
    before: pa.Table
    mirror: pa.Table

    @property
    def by_op(self) -> Mapping[str, pa.Table]:
        """The changed rows by operation: I, U or D."""
        return {"I": self.inserted, "U": self.updated, "D": self.deleted}

    @property
    def changes(self) -> int:
        """The number of changed rows."""
        rows: int = self.inserted.num_rows + self.updated.num_rows + self.deleted.num_rows
        return rows

    @property
    def is_empty(self) -> bool:
        """True if every row read equals its mirror and none was deleted."""
        return not self.changes


def compare(mirrored: pa.Table, rows: pa.Table, deleted: pa.Array, key: str) -> Difference:
    """Return the difference between the ``mirrored`` rows of a bucket and the ``rows`` read.

    Both have one row per key, in key order. ``deleted`` are the mirrored keys that the source no
    longer has. A row read that equals its mirror is in no part of the difference.
    """
    if not mirrored.num_rows:  # as in every bucket of a first poll
        none = rows.slice(0, 0)
        return Difference(rows, none, none, mirrored, rows)
    position = pc.index_in(rows[key], value_set=mirrored[key].combine_chunks())
    is_new = pc.is_null(position)
    inserted = rows.filter(is_new)
    existing = rows.filter(pc.invert(is_new))
    updated = existing.filter(differs(existing, mirrored.take(pc.drop_null(position))))
    is_deleted = pc.is_in(mirrored[key], value_set=deleted)
    is_replaced = pc.is_in(mirrored[key], value_set=updated[key].combine_chunks())
    unchanged = mirrored.filter(pc.invert(pc.or_(is_deleted, is_replaced)))
    mirror = pa.concat_tables([unchanged, updated, inserted]).sort_by(key)
    return Difference(inserted, updated, mirrored.filter(is_deleted), mirrored, mirror)


def differs(left: pa.Table, right: pa.Table) -> pa.ChunkedArray:
    """Return, row by row, whether any value of two tables of the same columns differs. NULL equals
    only NULL."""
    differs = pa.chunked_array([pa.repeat(False, left.num_rows)])
    for one, other in zip(left.columns, right.columns, strict=True):
        unequal = pc.fill_null(pc.not_equal(one, other), False)
        half_null = pc.xor(pc.is_null(one), pc.is_null(other))
        differs = pc.or_(differs, pc.or_(unequal, half_null))
    return differs
