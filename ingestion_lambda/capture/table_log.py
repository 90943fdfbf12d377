"""The log of one table in a batch: it turns the differences of buckets into versions."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingestion_lambda.capture.images import Images
from ingestion_lambda.capture.versions import versions
from ingestion_lambda.mirror.changes_file import ChangesFile
from ingestion_lambda.mirror.difference import Difference, compare
from ingestion_lambda.mirror.mirror import Mirror


class TableLog:
    """The images of a table, and when each transaction committed, in microseconds since 1970 on
    the source's clock. ``unexplained`` counts the rows whose changes the log did not explain."""

    def __init__(self, images: Images, committed_at: Sequence[int]) -> None:
        self._images = images
        self._committed_at = pa.array([*committed_at, None], pa.timestamp("us"))
        self.unexplained = 0

    def completed(
        self, mirror: Mirror, differences: Iterable[tuple[int, Difference]]
    ) -> Iterator[tuple[int, Difference]]:
        """Yield the differences, and an empty one for each bucket that only the log changed: its
        rows were put back, or lived and died between the two polls. A table that is read twice
        counts once."""
        self.unexplained = 0
        key, truncated = self._images.table.key, self._images.truncations
        unread = self._images.buckets | frozenset(mirror.buckets if truncated else ())
        for bucket, difference in differences:
            unread -= {bucket}
            yield bucket, difference
        for bucket in sorted(unread):
            rows = mirror.read(bucket)
            yield bucket, compare(rows, rows.slice(0, 0), pa.array([], rows[key].type), key)

    def add_to(self, changes: ChangesFile, bucket: int, difference: Difference) -> None:
        """Append the versions of a bucket."""
        images = self._images.read(bucket)
        found = versions(self._images.table, difference, images, self._images.truncations)
        last = len(self._committed_at) - 1  # the time of an unlogged row is not known
        times = self._committed_at.take(pc.fill_null(found.changes, last))
        changes.add_versions(found.rows, found.ops, pc.fill_null(found.changes, 0), times)
        self.unexplained += found.unexplained
