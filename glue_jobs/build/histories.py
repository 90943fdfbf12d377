"""The states of the source's rows before and during a range of batches.

Only the batches are the truth. Stored mirrors save reading them, and superseded ones may expire.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pyspark.sql import DataFrame

from contracts import Dimension, Source
from glue_jobs.build.ranges import PendingRange
from glue_jobs.errors import MissingFile
from glue_jobs.landed import LandedFiles
from glue_jobs.session import Session
from glue_jobs.transform.dimensions import MIRROR_SEQ
from lake import Lake, NotFound
from lake.concurrent import map_concurrently
from lake.entries import Bucket, File
from lake.mirror_map import mirror_map

FEW_ROWS = 100_000
"""One task orders this many rows faster than several tasks are scheduled."""


@dataclass
class Histories:
    """Reads the states of source tables, also in several threads. A log entry of an earlier batch
    is read only if a mirror has expired, and kept before its number is noted."""

    lake: Lake
    spark: Session
    source: Source
    _before: dict[str, dict[int, File]] = field(default_factory=dict)
    _through: int = 0

    def changes(self, table: str, pending: PendingRange) -> DataFrame:
        """Return the changed rows of a table in the range, as they landed."""
        return self._landed.read(self.source.tables[table], _files(table, pending))

    def of(self, dimension: Dimension, pending: PendingRange) -> tuple[dict[str, DataFrame], int]:
        """Return every state that the rows of the dimension's source tables had during the range,
        with the state before it, and the batch after which the range begins: 0 if no state of an
        earlier batch is among them. If no row that is looked up changed, rows of buckets without a
        change are left out."""
        is_looked_up = any(pending.changes(table) for table in dimension.lookups)
        states, after = dict[str, DataFrame](), MIRROR_SEQ
        for table in dimension.source_tables:
            is_whole = is_looked_up or table != dimension.of
            try:
                states[table] = self._since_mirror(table, pending, is_whole=is_whole)
            except (MissingFile, NotFound):  # the mirror, or a page of its map, has expired
                states[table], after = self._since_start(table, pending), pending.first - 1
        return states, after

    def _since_mirror(self, table: str, pending: PendingRange, *, is_whole: bool) -> DataFrame:
        files = _files(table, pending)
        before = self._buckets(table, pending, is_whole)
        count = sum(file.rows for file in files.values()) + sum(b.rows for b in before.values())
        return _few(self._landed.read(self.source.tables[table], files, before.values()), count)

    def _since_start(self, table: str, pending: PendingRange) -> DataFrame:
        files = {**self._files_before(table, pending.first), **_files(table, pending)}
        return self._landed.read(self.source.tables[table], files)

    @cached_property
    def _landed(self) -> LandedFiles:
        return LandedFiles(self.lake, self.spark)

    def _buckets(self, table: str, pending: PendingRange, is_whole: bool) -> Mapping[int, Bucket]:
        """Return the buckets of the mirror before the range; only those that the range changed,
        unless all are needed."""
        before, after = (
            mirror_map(self.lake.ingestion, batch, table)
            for batch in (pending.previous_batch, pending.batches[-1])
        )
        return before.buckets if is_whole else before.differing(after)[0]

    def _files_before(self, table: str, first: int) -> Mapping[int, File]:
        """Return the files with all changes of the table before batch ``first``, by batch."""
        log, numbers = self.lake.batches, range(self._through + 1, first)
        for batch in map_concurrently(log.entry, numbers):
            for name, changes in batch.tables.items():
                self._before.setdefault(name, {})[batch.seq] = changes.file
            self._through = batch.seq
        return self._before.get(table, {})


def _files(table: str, pending: PendingRange) -> dict[int, File]:
    """Return the files of a table in the range, by batch."""
    return {seq: changes.file for seq, changes in pending.changes(table).items()}


def _few(rows: DataFrame, count: int) -> DataFrame:
    """Return the rows, in one task if they are few: without a shuffle or a broadcast."""
    return rows.coalesce(1) if count <= FEW_ROWS else rows
