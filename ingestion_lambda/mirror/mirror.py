"""The mirror of a table: its rows as of a batch, in immutable Parquet objects by bucket."""

import io
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from contracts import SourceTable
from contracts.arrow import row_schema
from lake import Store
from lake.concurrent import map_concurrently
from lake.entries import Bucket

DECODED = 2
"""Buckets that are decoded ahead of their use. Rows take many times the memory of their object."""


class Mirror:
    """The mirror that a batch left, for reading; ``buckets`` maps bucket -> object."""

    def __init__(self, store: Store, table: SourceTable, buckets: Mapping[int, Bucket]) -> None:
        self._store = store
        self._schema = row_schema(table)
        self.buckets = buckets

    def rows(self, bucket: int) -> int:
        """Return the row count of the bucket."""
        return self.buckets[bucket].rows if bucket in self.buckets else 0

    def read(self, bucket: int) -> pa.Table:
        """Return the bucket's rows in key order; an unknown bucket is empty."""
        return self._decode(self._fetch(bucket))

    def read_all(self, buckets: Iterable[int]) -> Iterator[pa.Table]:
        """Yield the rows of each bucket; objects are fetched and decoded concurrently, ahead of
        their use."""
        return map_concurrently(self._decode, map_concurrently(self._fetch, buckets), DECODED)

    def _fetch(self, bucket: int) -> bytes | None:
        entry = self.buckets.get(bucket)
        return self._store.get(entry.key) if entry else None

    def _decode(self, body: bytes | None) -> pa.Table:
        if body is None:
            return self._schema.empty_table()
        return pq.read_table(io.BytesIO(body), schema=self._schema)
