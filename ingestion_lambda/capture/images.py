"""The images of a table: every state that the log shows, to be read bucket by bucket. Few are in
memory, more on disk."""

from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from ingestion_lambda.mirror.buckets import by_bucket
from ingestion_lambda.mirror.temporary_rows import TemporaryRows
from ingestion_lambda.source.log.messages import UnreadableLog
from ingestion_lambda.source.log.rows import image_schema

MOST_BYTES = 64 << 20
"""Bytes of the images of one bucket, which are in memory together, several times: 24 images of
each row of about 160 bytes."""

IN_MEMORY = 16 << 20
"""Bytes of the images of a table that are not written to disk."""


class Images(TemporaryRows):
    """The images of one table; the file exists for the length of the block.

    ``truncations`` holds the place and the number of the transaction of each TRUNCATE.
    """

    def __init__(self, table: SourceTable) -> None:
        self.table = table
        self.truncations: list[tuple[int, int]] = []
        self._schema = image_schema(table)
        self._batches = defaultdict[int, list[int]](list)
        self._bytes = defaultdict[int, int](int)
        self._held = defaultdict[int, list[pa.RecordBatch]](list)
        self._count, self._total = 0, 0

    def _open(self, stream: pa.NativeFile) -> pa.ipc.RecordBatchFileWriter:
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        return pa.ipc.new_file(stream, self._schema, options=options)

    def add(self, images: pa.RecordBatch) -> None:
        """Append images of any keys. Raises UnreadableLog if a bucket has more than MOST_BYTES."""
        key = self.table.key
        is_ordered = pc.less_equal(images[key][:-1], images[key][1:])
        if not pc.all(is_ordered, min_count=0).as_py():
            images = images.sort_by(key)
        for bucket, rows in by_bucket([images], key, self._schema):
            self._bytes[bucket] += rows.nbytes
            if self._bytes[bucket] > MOST_BYTES:
                raise UnreadableLog(
                    f"{self.table.name} has changes of neighbouring rows with more than"
                    f" {MOST_BYTES} bytes"
                )
            self._put(bucket, rows.to_batches())

    def _put(self, bucket: int, batches: Sequence[pa.RecordBatch]) -> None:
        self._total += sum(batch.nbytes for batch in batches)
        if self._total <= IN_MEMORY:
            self._held[bucket] += batches
            return
        for batch in batches:
            self._writer.write_batch(batch)
            self._batches[bucket].append(self._count)
            self._count += 1

    def close(self) -> None:
        """End the writing. The images can be read from then on."""
        self._end()
        self._reader = pa.ipc.open_file(self._file)

    @property
    def buckets(self) -> frozenset[int]:
        """The buckets that have images."""
        return frozenset(self._bytes)

    def read(self, bucket: int) -> pa.Table:
        """Return the images of the bucket, in no order."""
        numbers = self._batches.get(bucket, [])
        batches = [self._reader.get_batch(number) for number in numbers]
        return pa.Table.from_batches([*self._held.get(bucket, []), *batches], self._schema)
