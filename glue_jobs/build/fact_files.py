"""The files of the facts of a batch: versions, quarantined rows, tombstones."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from contracts import Fact, Source, Warehouse
from contracts.observation import CHANGE_SEQ
from contracts.spark import (
    batch_schema,
    order_schema,
    quarantine_schema,
    spark_schema,
    tombstone_schema,
)
from glue_jobs.build.batches import BatchOutput, PendingBatch
from glue_jobs.parquet import RowCounter, check_rows, read, write
from glue_jobs.session import Session
from glue_jobs.transform.facts import (
    is_tombstone,
    is_valid,
    not_superseded,
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
        """Write the files of a batch. If it closes rows that were quarantined before, by an earlier
        batch or by itself, also write those that stay open. Raises DamagedFile."""
        batch = pending.batch
        good: dict[str, Output] = {}
        bad: dict[str, Output] = {}
        deleted: dict[str, Output] = {}
        several = set[str]()
        for fact in self.warehouse.facts:
            if fact.of in batch.tables and batch.tables[fact.of].file.rows:
                written = self._write(fact, batch)
                good[fact.name], bad[fact.of], deleted[fact.name], has_several = written
                several |= {fact.of} if has_several else set()
        good, bad, deleted = map(without_empty, (good, bad, deleted))
        open_after = self._open_after(pending, merge_outputs([good, deleted]), bad, several)
        return BatchOutput(good, bad, tombstones=deleted, open_after=open_after)

    def _write(self, fact: Fact, batch: Batch) -> tuple[Output, Output, Output, bool]:
        """Write the versions, quarantined rows and tombstones of a fact, and return them, and
        whether the batch numbers its transactions: it may then have several versions of a row."""
        file, of = batch.tables[fact.of].file, self.source.tables[fact.of]
        rows = read(self.spark, self.lake.ingestion, [file.key], batch_schema(of)).transform(
            validated, fact, of, self.warehouse.tables
        )
        counter = RowCounter(
            valid=is_valid(), tombstones=is_tombstone(), numbered=F.col(CHANGE_SEQ.name) > 0
        )
        generation, place = self.lake.generation, (batch.seq, self.run)
        files = write(
            rows.transform(counter.observe).transform(versions, fact),
            self.lake.processed,
            layout.processed_folder(generation, fact.name, *place),
            spark_schema(fact),
        )
        check_rows(self.lake.ingestion.uri(file.key), counter["rows"], file.rows)
        valid, deleted = counter["valid"], counter["tombstones"]
        quarantine_folder = layout.quarantine_folder(generation, fact.of, *place)
        tombstone_folder = layout.processed_folder(generation, fact.tombstones, *place)
        return (
            Output(files, valid),
            self._put(
                quarantined(rows, fact),
                quarantine_folder,
                quarantine_schema(of),
                file.rows - valid - deleted,
            ),
            self._put(tombstones(rows, fact), tombstone_folder, tombstone_schema(fact), deleted),
            counter["numbered"] > 0,
        )

    def _put(self, rows: DataFrame, folder: str, schema: StructType, count: int) -> Output:
        return Output(write(rows, self.lake.processed, folder, schema) if count else (), count)

    def _open_after(
        self,
        pending: PendingBatch,
        written: Mapping[str, Output],
        bad: Mapping[str, Output],
        several: Set[str],
    ) -> Mapping[str, Output] | None:
        """Return the rows that are open after this batch, which wrote these versions and tombstones
        and quarantined ``bad``, or None if it closed none. Of the source tables in ``several`` it
        has several versions of a row, and may have closed its own. Without open rows no file is
        read."""
        before = pending.previous_entry
        has_open = written and before and before.open_quarantined
        opened = open_rows(self.lake, before) if before and has_open else {}
        own = {table: output for table, output in bad.items() if table in several}
        candidates = merge_outputs([opened, own])
        left = {
            fact.of: self._left(candidates[fact.of], written[fact.name], fact, pending.batch)
            for fact in self.warehouse.facts
            if fact.of in candidates and fact.name in written
        }
        if all(output.rows == candidates[table].rows for table, output in left.items()):
            return None
        others = {table: output for table, output in bad.items() if table not in several}
        return without_empty(merge_outputs([{**candidates, **left}, others]))

    def _left(self, opened: Output, written: Output, fact: Fact, batch: Batch) -> Output:
        """Return the open rows without a later version or tombstone among those that the batch
        wrote, in the same files if that is all of them."""
        schema = quarantine_schema(self.source.tables[fact.of])
        rows = read(self.spark, self.lake.processed, opened.files, schema)
        keys = read(self.spark, self.lake.processed, written.files, order_schema(fact))
        key = fact.column(fact.key)
        left = rows.transform(not_superseded, key.origin, keys, key.name)
        count = left.count()
        if count == opened.rows:
            return opened
        folder = layout.open_folder(self.lake.generation, fact.of, batch.seq, self.run)
        return self._put(left.coalesce(1), folder, schema, count)


def without_empty(outputs: Mapping[str, Output]) -> dict[str, Output]:
    """Return the outputs that have rows."""
    return {name: output for name, output in outputs.items() if output.rows}
