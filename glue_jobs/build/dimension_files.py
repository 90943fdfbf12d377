"""The files of the dimensions of a batch: exactly the rows whose values changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pyspark.sql import DataFrame

from contracts import Calendar, Dimension, Source, Warehouse
from contracts.spark import batch_schema, row_schema, spark_schema
from glue_jobs.build.batches import BatchOutput, PendingBatch
from glue_jobs.build.fact_files import without_empty
from glue_jobs.build.mirror_replay import MirrorReplay
from glue_jobs.errors import MissingFile
from glue_jobs.parquet import RowCounter, check_rows, read, write
from glue_jobs.session import Session
from glue_jobs.transform.date_dimension import calendar_rows, date_ranges, missing_calendars
from glue_jobs.transform.dimensions import (
    STATE,
    changed_rows,
    changed_states,
    dimension_rows,
    observed,
)
from lake import Lake, NotFound, layout
from lake.entries import Batch, Bucket, Changes, Output
from lake.mirror_map import MirrorMap, mirror_map

FEW_ROWS = 100_000  # one task joins this many faster than several tasks are scheduled

Mirror = Mapping[str, Mapping[int, Bucket]]
Maps = Mapping[str, MirrorMap]
MISSING = (MissingFile, NotFound)
"""The errors of a mirror that expired: a file of its rows, or a page of its map."""


@dataclass(frozen=True)
class DimensionFiles:
    """Writes the changed rows of every dimension. Without lookups they are the landed changes, each
    state that a row had in the batch; unless the dimension is incremental, they are compared with
    the mirror of the batch before. With lookups they are the difference between the two mirrors.
    Mirrors that have expired are replayed from the batches. The first batch, and the first one
    after a calendar's contract changed, also writes every day of the calendar."""

    lake: Lake
    spark: Session
    run: str
    source: Source
    warehouse: Warehouse

    def build(self, pending: PendingBatch) -> BatchOutput:
        """Write the files of a batch. A dimension whose source tables did not change is not read.
        Raises DamagedFile."""
        batch, previous = pending.batch, pending.previous_batch
        built = pending.previous_entry.calendars if pending.previous_entry else {}
        tables = self._calendars(batch, built)
        for dimension in self.warehouse.dimensions:
            if dimension.source_tables & batch.tables.keys():
                tables[dimension.name] = self._changed(dimension, batch, previous)
        return BatchOutput(without_empty(tables), calendars=date_ranges(self.warehouse))

    def _calendars(self, batch: Batch, built: Mapping[str, str]) -> dict[str, Output]:
        return {
            calendar.name: self._write(
                calendar_rows(self.spark(), calendar).transform(observed, *_place(batch)),
                calendar,
                batch,
            )
            for calendar in missing_calendars(self.warehouse, built)
        }

    def _changed(self, dimension: Dimension, batch: Batch, before: Batch | None) -> Output:
        if dimension.lookups:
            return self._differences(dimension, batch, before)
        changes = batch.tables[dimension.of]
        if not changes.inserted + changes.updated:
            return Output((), 0)
        if dimension.incremental or not before:
            return self._landed(dimension, changes, batch)
        return self._changed_states(dimension, changes, batch, before)

    def _landed(self, dimension: Dimension, changes: Changes, batch: Batch) -> Output:
        """Write the inserted and updated rows, whichever columns changed: the load compares them.
        Raises DamagedFile."""
        rows = self._states(dimension, changes).where("op <> 'D'").drop("op")
        output = self._write(rows, dimension, batch)
        name = f"{self.lake.ingestion.uri(changes.file.key)} (inserts and updates)"
        check_rows(name, output.rows, changes.inserted + changes.updated)
        return output

    def _changed_states(
        self, dimension: Dimension, changes: Changes, batch: Batch, before: Batch
    ) -> Output:
        """Write the states that each changed row had in the batch, without those that differ in no
        column of the dimension from the state before."""
        compared = self._maps(dimension, before)[dimension.of].rows
        try:
            _, old = changed_buckets(dimension, *self._both(dimension, batch, before))
            compared, known = _rows(old[dimension.of]), self._rows_of(dimension, old)
        except MISSING:
            known = self._replayed(dimension, batch.seq - 1)
        states = self._states(dimension, changes)
        is_small = changes.file.rows + compared <= FEW_ROWS
        rows = changed_states(states, known, dimension.key, in_one_task=is_small)
        return self._write(rows, dimension, batch)

    def _states(self, dimension: Dimension, changes: Changes) -> DataFrame:
        schema = batch_schema(self.source.tables[dimension.of])
        landed = read(self.spark, self.lake.ingestion, [changes.file.key], schema)
        return dimension_rows({dimension.of: landed}, dimension, self.source, kept=STATE)

    def _differences(self, dimension: Dimension, batch: Batch, before: Batch | None) -> Output:
        """Write the difference between two mirrors: rows of other tables, which the dimension looks
        up, may have changed in other transactions than its own."""
        try:
            new, old = changed_buckets(dimension, *self._both(dimension, batch, before))
            if not new[dimension.of]:
                return Output((), 0)
            rows = self._rows_of(dimension, new)
            if old[dimension.of]:
                rows = changed_rows(rows, self._rows_of(dimension, old), dimension.key)
        except MISSING:
            # both are replayed: against a part of a stored mirror, unchanged rows would look changed
            after, known = (self._replayed(dimension, seq) for seq in (batch.seq, batch.seq - 1))
            rows = changed_rows(after, known, dimension.key)
        return self._write(rows.transform(observed, *_place(batch)), dimension, batch)

    def _both(self, dimension: Dimension, batch: Batch, before: Batch | None) -> tuple[Maps, Maps]:
        return self._maps(dimension, batch), self._maps(dimension, before)

    def _maps(self, dimension: Dimension, batch: Batch | None) -> Maps:
        tables = dimension.source_tables
        return {table: mirror_map(self.lake.ingestion, batch, table) for table in tables}

    def _rows_of(self, dimension: Dimension, mirror: Mirror) -> DataFrame:
        frames = {name: self._read(name, mirror[name]) for name in dimension.source_tables}
        return dimension_rows(frames, dimension, self.source)

    def _replayed(self, dimension: Dimension, seq: int) -> DataFrame:
        """Return the dimension as of a batch from replayed mirrors."""
        frames = {name: self._replay.at(name, seq) for name in dimension.source_tables}
        return dimension_rows(frames, dimension, self.source)

    @cached_property
    def _replay(self) -> MirrorReplay:
        return MirrorReplay(self.lake, self.spark, self.source)

    def _read(self, table: str, buckets: Mapping[int, Bucket]) -> DataFrame:
        keys = (bucket.key for bucket in buckets.values())
        schema = row_schema(self.source.tables[table])
        rows = read(self.spark, self.lake.ingestion, keys, schema)
        if _rows(buckets) > FEW_ROWS:
            return rows
        # few rows are joined in one task: no shuffle, no broadcast, one Spark job
        return rows.coalesce(1).hint("shuffle_hash")

    def _write(self, rows: DataFrame, table: Dimension | Calendar, batch: Batch) -> Output:
        counter = RowCounter()
        folder = layout.processed_folder(self.lake.generation, table.name, batch.seq, self.run)
        observed_rows = rows.transform(counter.observe)
        files = write(observed_rows, self.lake.processed, folder, spark_schema(table))
        return Output(files, counter["rows"])


def _place(batch: Batch) -> tuple[int, datetime]:
    return batch.seq, batch.observed_at


def _rows(buckets: Mapping[int, Bucket]) -> int:
    return sum(bucket.rows for bucket in buckets.values())


def changed_buckets(dimension: Dimension, after: Maps, before: Maps) -> tuple[Mirror, Mirror]:
    """Return the buckets of two mirrors in which the dimension can differ. If its lookup tables are
    unchanged, unchanged buckets of its own rows are left out. Raises NotFound if a page of a map
    has expired."""
    of, tables = dimension.of, dimension.source_tables
    new, old = ({table: maps[table].buckets for table in tables - {of}} for maps in (after, before))
    if all(after[table] == before[table] for table in dimension.lookups):
        new[of], old[of] = after[of].differing(before[of])
    else:
        new[of], old[of] = after[of].buckets, before[of].buckets
    return new, old
