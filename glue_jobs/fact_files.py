"""The files of facts that a batch brings."""

from dataclasses import dataclass

from pyspark.sql import DataFrame

from contracts import Fact, Source, Warehouse
from contracts.spark import batch_schema
from glue_jobs.batches import Made
from glue_jobs.errors import DamagedFile
from glue_jobs.facts import conforms, judged, quarantined, versions
from glue_jobs.files import Counter, read, write
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

    def make(self, batch: Batch) -> Made:
        """Write them, and the rows that do not conform. Raises DamagedFile."""
        tables: dict[str, Output] = {}
        unfit: dict[str, Output] = {}
        for fact in self.warehouse.facts:
            if fact.of in batch.tables and batch.tables[fact.of].file.rows:
                good, bad = self._write(fact, batch)
                tables |= {fact.name: good} if good.rows else {}
                unfit |= {fact.of: bad} if bad.rows else {}
        return Made(tables, unfit)

    def _write(self, fact: Fact, batch: Batch) -> tuple[Output, Output]:
        landed, of = batch.tables[fact.of].file, self.source.tables[fact.of]
        changes = read(self.spark, self.lake.ingestion, [landed.key], batch_schema(of))
        rows = judged(changes, fact, of, self.warehouse.tables)
        counted = Counter(good=conforms())
        place = self.lake.generation, fact.name, batch.seq, self.run
        files = write(
            versions(counted.at(rows), fact),
            self.lake.processed,
            layout.processed_folder(*place),
        )
        if counted["rows"] != landed.rows:
            raise DamagedFile(
                f"{self.lake.ingestion.uri(landed.key)} holds {counted['rows']} rows, and batch"
                f" {batch.seq} says {landed.rows}. Restore the object from its earlier version."
            )
        bad = landed.rows - counted["good"]
        return Output(files, counted["good"]), self._quarantine(rows, fact, batch, bad)

    def _quarantine(self, rows: DataFrame, fact: Fact, batch: Batch, count: int) -> Output:
        if not count:
            return Output((), 0)
        folder = layout.quarantine_folder(self.lake.generation, fact.of, batch.seq, self.run)
        return Output(write(quarantined(rows, fact), self.lake.processed, folder), count)
