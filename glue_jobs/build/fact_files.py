"""The files of facts that a batch brings."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql.types import StructField, StructType

from contracts import Fact, Source, Warehouse
from contracts.spark import batch_schema, spark_type
from glue_jobs.build.batches import BatchOutput
from glue_jobs.errors import DamagedFile
from glue_jobs.transform.facts import (
    REASONS,
    is_tombstone,
    conforms,
    validated,
    quarantined,
    tombstones,
    versions,
)
from glue_jobs.parquet import Counter, read, write
from lake.quarantine import quarantine, together
from glue_jobs.session import Session
from lake import Lake, layout
from lake.entries import Batch, Output


@dataclass(frozen=True)
class FactFiles:
    """Writes the versions that a batch brings of every fact of the warehouse."""

    lake: Lake
    spark: Session
    run: str
    source: Source
    warehouse: Warehouse

    def make(self, batch: Batch) -> BatchOutput:
        """Write them, the rows that do not conform, the tombstones of those that were deleted,
        and which rows set apart earlier are open still, if some no longer are. Raises
        DamagedFile."""
        tables: dict[str, Output] = {}
        unfit: dict[str, Output] = {}
        gone: dict[str, Output] = {}
        for fact in self.warehouse.facts:
            if fact.of in batch.tables and batch.tables[fact.of].file.rows:
                good, bad, tombstone_rows = self._write(fact, batch)
                tables |= {fact.name: good} if good.rows else {}
                unfit |= {fact.of: bad} if bad.rows else {}
                gone |= {fact.name: tombstone_rows} if tombstone_rows.rows else {}
        left = self._open_after(batch, together([tables, gone])) if tables or gone else None
        open_after = None if left is None else together([left, unfit])
        return BatchOutput(tables, unfit, tombstones=gone, open_after=open_after)

    def _write(self, fact: Fact, batch: Batch) -> tuple[Output, Output, Output]:
        landed, of = batch.tables[fact.of].file, self.source.tables[fact.of]
        changes = read(self.spark, self.lake.ingestion, [landed.key], batch_schema(of))
        rows = validated(changes, fact, of, self.warehouse.tables)
        counted = Counter(good=conforms(), tombstones=is_tombstone())
        files = write(
            versions(counted.at(rows), fact),
            self.lake.processed,
            layout.processed_folder(self.lake.generation, fact.name, batch.seq, self.run),
        )
        if counted["rows"] != landed.rows:
            raise DamagedFile(
                f"{self.lake.ingestion.uri(landed.key)} holds {counted['rows']} rows, and batch"
                f" {batch.seq} says {landed.rows}. Restore the object from its earlier version."
            )
        good, tombstone_rows = counted["good"], counted["tombstones"]
        apart = layout.quarantine_folder(self.lake.generation, fact.of, batch.seq, self.run)
        gone = layout.processed_folder(self.lake.generation, fact.tombstones, batch.seq, self.run)
        return (
            Output(files, good),
            self._aside(quarantined(rows, fact), apart, landed.rows - good - tombstone_rows),
            self._aside(tombstones(rows, fact), gone, tombstone_rows),
        )

    def _aside(self, rows: DataFrame, folder: str, count: int) -> Output:
        return Output(write(rows, self.lake.processed, folder) if count else (), count)

    def _open_after(
        self, batch: Batch, brought: Mapping[str, Output]
    ) -> Mapping[str, Output] | None:
        """The rows of earlier batches that are open after this one, which brought versions and
        tombstones; None where it superseded none. Where nothing is open no file is read."""
        if not self.lake.open_quarantined():
            return None
        known = quarantine(self.lake).open
        left = {
            fact.of: self._not_in(brought[fact.name], known[fact.of], fact, batch)
            for fact in self.warehouse.facts
            if fact.of in known and fact.name in brought
        }
        if all(output.rows == known[table].rows for table, output in left.items()):
            return None
        return {t: output for t, output in {**known, **left}.items() if output.rows}

    def _not_in(self, brought: Output, known: Output, fact: Fact, batch: Batch) -> Output:
        """The known rows whose keys the batch did not bring; as they lie where that is all."""
        key = StructField(fact.key, spark_type(fact.column(fact.key).type))
        origin = fact.column(fact.key).origin
        apart = batch_schema(self.source.tables[fact.of]).add(REASONS, "string")
        rows = read(self.spark, self.lake.processed, known.files, apart)
        keys = read(self.spark, self.lake.processed, brought.files, StructType([key]))
        is_same = rows[origin] == keys[fact.key]
        left = rows.join(keys, is_same, "left_anti")
        count = left.count()
        if count == known.rows:
            return known
        folder = layout.open_folder(self.lake.generation, fact.of, batch.seq, self.run)
        return self._aside(left.coalesce(1), folder, count)
