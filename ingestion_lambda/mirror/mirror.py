"""The mirror of a table: its rows as of a batch, in immutable Parquet objects by key range."""

import io
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from contracts import SourceTable
from contracts.arrow import row_schema
from lake import Store, layout
from lake.concurrent import map_concurrently
from lake.entries import Bucket
from lake.landing import put_own


class Mirror:
    """The mirror that a batch left behind, and the one that the next batch ``seq`` makes of it.
    Buckets that nothing touches keep their objects."""

    def __init__(
        self, store: Store, table: SourceTable, before: Mapping[int, Bucket], seq: int, run: str
    ) -> None:
        self._store = store
        self._table = table
        self._seq, self._run = seq, run
        self.buckets = dict(before)

    def rows(self, bucket: int) -> int:
        """How many rows the bucket holds."""
        return self.buckets[bucket].rows if bucket in self.buckets else 0

    def read(self, bucket: int) -> pa.Table:
        """The bucket's rows in key order; none where the mirror does not have it."""
        return self._rows(self._fetched(bucket))

    def read_all(self, buckets: Iterable[int]) -> Iterator[pa.Table]:
        """The rows of each of these buckets; objects are fetched several at once, and ahead."""
        return map(self._rows, map_concurrently(self._fetched, buckets))

    def replace(self, changed: Iterable[tuple[int, pa.Table]]) -> None:
        """Each bucket is now these rows, and vanishes from the mirror where there are none. Several
        objects are put at once, while what changed next is found."""
        written = ((number, self._written(rows), rows.num_rows) for number, rows in changed)
        for number, bucket in map_concurrently(self._put, written):
            if bucket:
                self.buckets[number] = bucket
            else:
                self.buckets.pop(number, None)

    def _fetched(self, bucket: int) -> bytes | None:
        known = self.buckets.get(bucket)
        return self._store.get(known.key) if known else None

    def _rows(self, body: bytes | None) -> pa.Table:
        schema = row_schema(self._table)
        return pq.read_table(io.BytesIO(body), schema=schema) if body else schema.empty_table()

    def _written(self, rows: pa.Table) -> io.BytesIO:
        """As Parquet, which is a small part of what the rows take in memory."""
        body = io.BytesIO()
        if rows.num_rows:
            pq.write_table(rows, body, compression="zstd")
        return body

    def _put(self, written: tuple[int, io.BytesIO, int]) -> tuple[int, Bucket | None]:
        number, body, rows = written
        if not rows:
            return number, None
        key = layout.mirror_key(self._table.name, number, self._seq, self._run)
        put_own(self._store, key, body)
        return number, Bucket(key, rows)
