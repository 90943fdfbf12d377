"""The files of the dimensions of a batch: exactly the rows whose values changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import DataFrame

from contracts import Calendar, Dimension, Source, Warehouse
from contracts.spark import batch_schema, row_schema
from glue_jobs.build.batches import BatchOutput, PendingBatch
from glue_jobs.build.mirror_replay import MirrorReplay
from glue_jobs.errors import MissingFile
from glue_jobs.parquet import RowCounter, check_rows, read, write
from glue_jobs.session import Session
from glue_jobs.transform.date_dimension import calendar_rows, date_ranges, missing_calendars
from glue_jobs.transform.dimensions import changed_rows, dimension_rows
from lake import Lake, layout
from lake.entries import Batch, Bucket, Output

FEW_ROWS = 100_000  # one task joins this many faster than several tasks are scheduled

Mirror = Mapping[str, Mapping[int, Bucket]]


@dataclass(frozen=True)
class DimensionFiles:
    """Writes the changed rows of every dimension: the difference between the mirrors of a batch and
    of the one before it, or the landed changes if the dimension is incremental. Mirrors that have
    expired are replayed from the batches. The first batch, and the first one after a calendar's
    contract changed, also writes every day of the calendar."""

    lake: Lake
    spark: Session
    run: str
    source: Source
    warehouse: Warehouse

    def build(self, pending: PendingBatch) -> BatchOutput:
        """Write the files of a batch. A dimension whose source tables did not change is not read.
        Raises DamagedFile."""
        batch, previous = pending.batch, pending.previous_batch
        before: Mirror = previous.mirror if previous else {}
        built = pending.previous_entry.calendars if pending.previous_entry else {}
        tables = self._calendars(batch, built)
        for dimension in self.warehouse.dimensions:
            if dimension.incremental:
                tables |= self._landed(dimension, batch)
            elif dimension.source_tables & batch.tables.keys():
                tables |= self._changed(dimension, batch, before)
        return BatchOutput(tables, calendars=date_ranges(self.warehouse))

    def _calendars(self, batch: Batch, built: Mapping[str, str]) -> dict[str, Output]:
        return {
            calendar.name: self._write(calendar_rows(self.spark(), calendar), calendar, batch)
            for calendar in missing_calendars(self.warehouse, built)
        }

    def _landed(self, dimension: Dimension, batch: Batch) -> dict[str, Output]:
        """Write the inserted and updated rows, whichever columns changed: the load compares them.
        Raises DamagedFile."""
        changes = batch.tables.get(dimension.of)
        if not changes or not (recorded := changes.inserted + changes.updated):
            return {}
        schema = batch_schema(self.source.tables[dimension.of])
        landed = read(self.spark, self.lake.ingestion, [changes.file.key], schema)
        rows = dimension_rows({dimension.of: landed.where("op <> 'D'")}, dimension, self.source)
        output = self._write(rows, dimension, batch)
        name = f"{self.lake.ingestion.uri(changes.file.key)} (inserts and updates)"
        check_rows(name, output.rows, recorded)
        return {dimension.name: output}

    def _changed(self, dimension: Dimension, batch: Batch, before: Mirror) -> dict[str, Output]:
        new, old = changed_buckets(dimension, batch.mirror, before)
        if not new[dimension.of]:
            return {}
        try:
            rows = self._rows_of(dimension, new)
            if old[dimension.of]:
                rows = changed_rows(rows, self._rows_of(dimension, old), dimension.key)
        except MissingFile:
            rows = self._replayed_changes(dimension, batch)
        output = self._write(rows, dimension, batch)
        return {dimension.name: output} if output.rows else {}

    def _rows_of(self, dimension: Dimension, mirror: Mirror) -> DataFrame:
        frames = {name: self._read(name, mirror[name]) for name in dimension.source_tables}
        return dimension_rows(frames, dimension, self.source)

    def _replayed_changes(self, dimension: Dimension, batch: Batch) -> DataFrame:
        """Return the changed rows from two replayed mirrors. Both must be complete: against a part
        of a stored mirror, unchanged rows would look changed."""
        after, before = (
            dimension_rows(
                {name: self._replay.at(name, seq) for name in dimension.source_tables},
                dimension,
                self.source,
            )
            for seq in (batch.seq, batch.seq - 1)
        )
        return changed_rows(after, before, dimension.key)

    @cached_property
    def _replay(self) -> MirrorReplay:
        return MirrorReplay(self.lake, self.spark, self.source)

    def _read(self, table: str, buckets: Mapping[int, Bucket]) -> DataFrame:
        keys = (bucket.key for bucket in buckets.values())
        schema = row_schema(self.source.tables[table])
        rows = read(self.spark, self.lake.ingestion, keys, schema)
        if sum(bucket.rows for bucket in buckets.values()) > FEW_ROWS:
            return rows
        # few rows are joined in one task: no shuffle, no broadcast, one Spark job
        return rows.coalesce(1).hint("shuffle_hash")

    def _write(self, rows: DataFrame, table: Dimension | Calendar, batch: Batch) -> Output:
        counter = RowCounter()
        folder = layout.processed_folder(self.lake.generation, table.name, batch.seq, self.run)
        files = write(rows.transform(counter.observe), self.lake.processed, folder)
        return Output(files, counter["rows"])


def changed_buckets(dimension: Dimension, after: Mirror, before: Mirror) -> tuple[Mirror, Mirror]:
    """Return the buckets of two mirrors in which the dimension can differ. If its lookup tables are
    unchanged, unchanged buckets of its own rows are left out."""
    tables = dimension.source_tables
    new = {table: dict(after.get(table, {})) for table in tables}
    old = {table: dict(before.get(table, {})) for table in tables}
    if all(new[table] == old[table] for table in dimension.lookups):
        rows, old_rows = new[dimension.of], old[dimension.of]
        for number in [n for n, bucket in rows.items() if old_rows.get(n) == bucket]:
            del rows[number], old_rows[number]
    return new, old
