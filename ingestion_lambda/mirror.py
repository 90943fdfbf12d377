"""The mirror of a table: its rows as of a batch, in immutable Parquet objects by key range."""

import io
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from contracts import SourceTable
from contracts.arrow import row_schema
from lake import Store, layout
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
        schema = row_schema(self._table)
        if bucket not in self.buckets:
            return schema.empty_table()
        body = self._store.get(self.buckets[bucket].key)
        return pq.read_table(io.BytesIO(body), schema=schema)

    def replace(self, bucket: int, rows: pa.Table) -> None:
        """The bucket is now ``rows``; an empty one vanishes from the mirror."""
        if not rows.num_rows:
            self.buckets.pop(bucket, None)
            return
        key = layout.mirror_key(self._table.name, bucket, self._seq, self._run)
        body = io.BytesIO()
        pq.write_table(rows, body, compression="zstd")
        put_own(self._store, key, body)
        self.buckets[bucket] = Bucket(key, rows.num_rows)
