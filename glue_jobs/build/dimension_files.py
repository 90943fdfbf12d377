"""The files of dimensions that a batch brings: rows whose value changed, and only they."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import DataFrame

from contracts import Calendar, Dimension, Source, Warehouse
from contracts.spark import batch_schema, row_schema
from glue_jobs.build.batches import BatchOutput
from glue_jobs.transform.date_dimension import every_day, lacking, spans
from glue_jobs.transform.dimensions import state, without_known
from glue_jobs.errors import DamagedFile, MissingFile
from glue_jobs.parquet import Counter, read, write
from glue_jobs.build.mirror_replay import MirrorReplay
from glue_jobs.session import Session
from lake import Lake, layout
from lake.entries import Batch, Bucket, Output

FEW = 100_000  # rows that one task joins sooner than several are scheduled

Mirror = Mapping[str, Mapping[int, Bucket]]


@dataclass(frozen=True)
class DimensionFiles:
    """Writes the changed rows of every dimension, as the mirrors of a batch and of the one before
    it tell them, or as they landed where the dimension passes them through; with the first batch,
    and after a contract was given other days, every day of every calendar. Where mirrors are no
    more, for superseded ones may expire, they are folded from the batches."""

    lake: Lake
    spark: Session
    run: str
    source: Source
    warehouse: Warehouse

    def make(self, batch: Batch) -> BatchOutput:
        """Write them; a dimension none of whose source tables changed costs nothing.
        Raises DamagedFile."""
        made = self._calendars(batch)
        touched = [d for d in self.warehouse.dimensions if d.source_tables & batch.tables.keys()]
        if touched:
            before = self.lake.batches.entry(batch.seq - 1).mirror if batch.seq > 1 else {}
            for dimension in touched:
                if dimension.incremental:
                    made |= self._passed(dimension, batch)
                else:
                    made |= self._changed(dimension, batch, before)
        return BatchOutput(made, calendars=spans(self.warehouse))

    def _calendars(self, batch: Batch) -> dict[str, Output]:
        """Those that the lake does not have, or with other days than their contract has now."""
        known = self.lake.dimensions.entry(batch.seq - 1).calendars if batch.seq > 1 else {}
        return {
            calendar.name: self._write(every_day(self.spark(), calendar), calendar, batch)
            for calendar in lacking(self.warehouse, known)
        }

    def _passed(self, dimension: Dimension, batch: Batch) -> dict[str, Output]:
        """The rows that came or changed, whatever of them changed: the load compares them.
        Raises DamagedFile."""
        landed = batch.tables[dimension.of]
        expected = landed.inserted + landed.updated
        if not expected:
            return {}
        schema = batch_schema(self.source.tables[dimension.of])
        changes = read(self.spark, self.lake.ingestion, [landed.file.key], schema)
        rows = state({dimension.of: changes.where("op <> 'D'")}, dimension, self.source)
        output = self._write(rows, dimension, batch)
        if output.rows != expected:
            raise DamagedFile(
                f"{self.lake.ingestion.uri(landed.file.key)} holds {output.rows} rows that came or"
                f" changed, and batch {batch.seq} says {expected}. Restore the object from its"
                " earlier version."
            )
        return {dimension.name: output}

    def _changed(self, dimension: Dimension, batch: Batch, before: Mirror) -> dict[str, Output]:
        now, old = differing(dimension, batch.mirror, before)
        if not now[dimension.of]:
            return {}
        try:
            changed = self._state(dimension, now)
            if old[dimension.of]:
                changed = without_known(changed, self._state(dimension, old), dimension.key)
        except MissingFile:
            changed = self._folded_changes(dimension, batch)
        output = self._write(changed, dimension, batch)
        return {dimension.name: output} if output.rows else {}

    def _state(self, dimension: Dimension, mirror: Mirror) -> DataFrame:
        frames = {name: self._rows(name, mirror[name]) for name in dimension.source_tables}
        return state(frames, dimension, self.source)

    def _folded_changes(self, dimension: Dimension, batch: Batch) -> DataFrame:
        """The same of whole tables: of one folded and one mirrored only in part, rows would look
        changed that are not."""
        now, before = (
            state(
                {name: self._folds.at(name, seq) for name in dimension.source_tables},
                dimension,
                self.source,
            )
            for seq in (batch.seq, batch.seq - 1)
        )
        return without_known(now, before, dimension.key)

    @cached_property
    def _folds(self) -> MirrorReplay:
        return MirrorReplay(self.lake, self.spark, self.source)

    def _rows(self, table: str, buckets: Mapping[int, Bucket]) -> DataFrame:
        keys = (bucket.key for bucket in buckets.values())
        schema = row_schema(self.source.tables[table])
        rows = read(self.spark, self.lake.ingestion, keys, schema)
        if sum(bucket.rows for bucket in buckets.values()) > FEW:
            return rows
        # few rows are joined where they are, in one task: no shuffle, no broadcast, one Spark job
        return rows.coalesce(1).hint("shuffle_hash")

    def _write(self, rows: DataFrame, table: Dimension | Calendar, batch: Batch) -> Output:
        counted = Counter()
        folder = layout.processed_folder(self.lake.generation, table.name, batch.seq, self.run)
        return Output(write(counted.at(rows), self.lake.processed, folder), counted["rows"])


def differing(dimension: Dimension, now: Mirror, before: Mirror) -> tuple[Mirror, Mirror]:
    """The parts of two mirrors between which the dimension can differ: where what it looks up is
    the same, only the buckets of its own rows that are not the same object."""
    tables = dimension.source_tables
    both = {t: dict(now.get(t, {})) for t in tables}, {t: dict(before.get(t, {})) for t in tables}
    if all(both[0][table] == both[1][table] for table in dimension.lookups):
        own = [dict(part[dimension.of]) for part in both]
        for number in own[0].keys() & own[1].keys():
            if own[0][number] == own[1][number]:
                del both[0][dimension.of][number], both[1][dimension.of][number]
    return both
