"""The files of the facts of a batch: versions, quarantined rows, tombstones."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql.types import StructField, StructType

from contracts import Fact, Source, Warehouse
from contracts.spark import batch_schema, spark_type
from glue_jobs.build.batches import BatchOutput, PendingBatch
from glue_jobs.parquet import RowCounter, check_rows, read, write
from glue_jobs.session import Session
from glue_jobs.transform.facts import (
    REASONS,
    is_tombstone,
    is_valid,
    quarantined,
    tombstones,
    validated,
    versions,
)
from lake import Lake, layout
from lake.entries import Batch, Output
from lake.quarantine import merge_outputs, open_rows


@dataclass(frozen=True)
class FactFiles:
    """Writes the versions of every fact that a batch contains, the rows that it quarantines, and
    its tombstones."""

    lake: Lake
    spark: Session
    run: str
    source: Source
    warehouse: Warehouse

    def build(self, pending: PendingBatch) -> BatchOutput:
        """Write the files of a batch. If it closes rows that were quarantined before, also write
        those that stay open. Raises DamagedFile."""
        batch = pending.batch
        good: dict[str, Output] = {}
        bad: dict[str, Output] = {}
        deleted: dict[str, Output] = {}
        for fact in self.warehouse.facts:
            if fact.of in batch.tables and batch.tables[fact.of].file.rows:
                good[fact.name], bad[fact.of], deleted[fact.name] = self._write(fact, batch)
        good, bad, deleted = map(without_empty, (good, bad, deleted))
        remaining = self._remaining(pending, merge_outputs([good, deleted]))
        open_after = None if remaining is None else merge_outputs([remaining, bad])
        return BatchOutput(good, bad, tombstones=deleted, open_after=open_after)

    def _write(self, fact: Fact, batch: Batch) -> tuple[Output, Output, Output]:
        file, of = batch.tables[fact.of].file, self.source.tables[fact.of]
        rows = read(self.spark, self.lake.ingestion, [file.key], batch_schema(of)).transform(
            validated, fact, of, self.warehouse.tables
        )
        counter = RowCounter(valid=is_valid(), tombstones=is_tombstone())
        generation, place = self.lake.generation, (batch.seq, self.run)
        files = write(
            rows.transform(counter.observe).transform(versions, fact),
            self.lake.processed,
            layout.processed_folder(generation, fact.name, *place),
        )
        check_rows(self.lake.ingestion.uri(file.key), counter["rows"], file.rows)
        valid, deleted = counter["valid"], counter["tombstones"]
        quarantine_folder = layout.quarantine_folder(generation, fact.of, *place)
        tombstone_folder = layout.processed_folder(generation, fact.tombstones, *place)
        return (
            Output(files, valid),
            self._put(quarantined(rows, fact), quarantine_folder, file.rows - valid - deleted),
            self._put(tombstones(rows, fact), tombstone_folder, deleted),
        )

    def _put(self, rows: DataFrame, folder: str, count: int) -> Output:
        return Output(write(rows, self.lake.processed, folder) if count else (), count)

    def _remaining(
        self, pending: PendingBatch, written: Mapping[str, Output]
    ) -> Mapping[str, Output] | None:
        """Return the rows of earlier batches that stay open after this batch, which wrote these
        versions and tombstones, or None if it closed none. Without open rows no file is read."""
        before = pending.previous_entry
        if not written or before is None or not before.open_quarantined:
            return None
        opened = open_rows(self.lake, before)
        left = {
            fact.of: self._without_keys(opened[fact.of], written[fact.name], fact, pending.batch)
            for fact in self.warehouse.facts
            if fact.of in opened and fact.name in written
        }
        if all(output.rows == opened[table].rows for table, output in left.items()):
            return None
        return without_empty({**opened, **left})

    def _without_keys(self, opened: Output, written: Output, fact: Fact, batch: Batch) -> Output:
        """Return the open rows whose keys the batch did not write, in the same files if that is all
        of them."""
        key = fact.column(fact.key)
        schema = batch_schema(self.source.tables[fact.of]).add(REASONS, "string")
        rows = read(self.spark, self.lake.processed, opened.files, schema)
        key_schema = StructType([StructField(key.name, spark_type(key.type))])
        keys = read(self.spark, self.lake.processed, written.files, key_schema)
        left = rows.join(keys, rows[key.origin] == keys[key.name], "left_anti")
        count = left.count()
        if count == opened.rows:
            return opened
        folder = layout.open_folder(self.lake.generation, fact.of, batch.seq, self.run)
        return self._put(left.coalesce(1), folder, count)


def without_empty(outputs: Mapping[str, Output]) -> dict[str, Output]:
    """Return the outputs that have rows."""
    return {name: output for name, output in outputs.items() if output.rows}
