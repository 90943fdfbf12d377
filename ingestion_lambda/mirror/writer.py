"""The writer of a mirror: puts the buckets that a batch changed."""

import io
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import BinaryIO, Self

import pyarrow as pa
import pyarrow.parquet as pq

from contracts import SourceTable
from ingestion_lambda.mirror.parquet import parquet_options
from lake import Store, layout
from lake.concurrent import CONCURRENCY
from lake.entries import Bucket
from lake.landing import put_own


class MirrorWriter:
    """The changed buckets of a table in batch ``seq``, put concurrently within the block.

    The end of the block waits for every put and raises the first error of the store.
    """

    def __init__(self, store: Store, table: SourceTable, seq: int, run: str) -> None:
        self._store = store
        self._table = table
        self._seq, self._run = seq, run
        self._buckets: dict[int, Bucket | None] = {}
        self._pending: deque[Future[None]] = deque()
        self._encoding: list[Future[BinaryIO]] = []

    def __enter__(self) -> Self:
        self._encoder, self._pool = ThreadPoolExecutor(1), ThreadPoolExecutor(CONCURRENCY)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            while self._pending and error is None:
                self._pending.popleft().result()
        finally:
            self._encoder.shutdown(cancel_futures=True)
            self._pool.shutdown(cancel_futures=True)

    def put(self, bucket: int, rows: pa.Table) -> None:
        """Replace the bucket by ``rows``; without rows the bucket leaves the mirror.

        Waits until the bucket before is encoded, which limits the rows in memory, and while
        CONCURRENCY puts are pending, which limits the objects."""
        if not rows.num_rows:
            self._buckets[bucket] = None
            return
        key = layout.mirror_key(self._table.name, bucket, self._seq, self._run)
        self._buckets[bucket] = Bucket(key, rows.num_rows)
        if len(self._pending) == CONCURRENCY:
            self._pending.popleft().result()
        wait(self._encoding)
        self._encoding = [body := self._encoder.submit(_encode, rows)]
        self._pending.append(self._pool.submit(self._put_encoded, key, body))

    def _put_encoded(self, key: str, body: Future[BinaryIO]) -> None:
        put_own(self._store, key, body.result())

    def merged_into(self, before: Mapping[int, Bucket]) -> dict[int, Bucket]:
        """Return the mirror ``before`` with the buckets of this writer."""
        merged = {**before, **self._buckets}
        return {number: bucket for number, bucket in merged.items() if bucket}


def _encode(rows: pa.Table) -> BinaryIO:
    """Return the rows as Parquet, which is a small part of their size in memory."""
    body = pa.BufferOutputStream()
    pq.write_table(rows, body, **parquet_options(rows.schema))
    return io.BytesIO(body.getvalue())
