"""Buckets: the key ranges in which the mirror is read, compared and written."""

from collections.abc import Iterable, Iterator
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

SHIFT = 14
"""A bucket holds 16,384 keys. At a million rows, 110 scattered changes then rewrite 22 MB; with
65,536 keys they rewrite nearly the whole mirror, and with 4,096 a full read makes four times as
many objects. The bucket is a shift of the key, because a division truncates toward zero."""


def by_bucket(
    batches: Iterable[pa.RecordBatch], key: str, schema: pa.Schema
) -> Iterator[tuple[int, pa.Table]]:
    """Yield one table per bucket from batches in key order, with one bucket in memory at a time."""
    current, parts = 0, list[pa.RecordBatch]()
    for batch in batches:
        for bucket, part in _split(batch, key):
            if parts and bucket != current:
                yield current, pa.Table.from_batches(parts, schema).combine_chunks()
                parts = []
            current = bucket
            parts.append(part)
    if parts:
        yield current, pa.Table.from_batches(parts, schema).combine_chunks()


def bucket_numbers(batches: Iterable[pa.RecordBatch], key: str) -> Iterator[int]:
    """Yield the numbers of the buckets that ``by_bucket`` yields, in the same order."""
    every = (bucket for batch in batches for bucket, _ in _split(batch, key))
    return (bucket for bucket, _ in groupby(every))


def key_ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first key and the first key beyond, for each run of neighbouring buckets."""
    for _, run in groupby(enumerate(sorted(numbers)), lambda each: each[1] - each[0]):
        buckets = [bucket for _, bucket in run]
        yield buckets[0] << SHIFT, (buckets[-1] + 1) << SHIFT


def _split(batch: pa.RecordBatch, key: str) -> Iterator[tuple[int, pa.RecordBatch]]:
    runs = pc.run_end_encode(pc.shift_right(batch.column(key), SHIFT))
    start = 0
    for bucket, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield bucket, batch.slice(start, end - start)
        start = end
