"""Key ranges: the unit in which the mirror is read, compared and written."""

from collections.abc import Iterable, Iterator
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

SHIFT = 14
"""A bucket holds 16,384 keys: a few changes rewrite little, and a full read makes few objects
(FINDINGS.md, mirror buckets). A shift, because a division truncates toward zero."""


def by_bucket(
    batches: Iterable[pa.RecordBatch], key: str, schema: pa.Schema
) -> Iterator[tuple[int, pa.Table]]:
    """Batches in key order, cut into one table a bucket; one bucket is in memory at a time."""
    current, parts = 0, list[pa.RecordBatch]()
    for batch in batches:
        for bucket, part in _cut(batch, key):
            if parts and bucket != current:
                yield current, pa.Table.from_batches(parts, schema).combine_chunks()
                parts = []
            current = bucket
            parts.append(part)
    if parts:
        yield current, pa.Table.from_batches(parts, schema).combine_chunks()


def numbers(batches: Iterable[pa.RecordBatch], key: str) -> Iterator[int]:
    """The buckets of which ``by_bucket`` makes tables, in the same order."""
    found = (bucket for batch in batches for bucket, _ in _cut(batch, key))
    return (bucket for bucket, _ in groupby(found))


def _cut(batch: pa.RecordBatch, key: str) -> Iterator[tuple[int, pa.RecordBatch]]:
    runs = pc.run_end_encode(pc.shift_right(batch.column(key), SHIFT))
    start = 0
    for bucket, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield bucket, batch.slice(start, end - start)
        start = end
