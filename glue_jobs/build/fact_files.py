"""The files of the facts of a range of batches: versions, quarantined rows, tombstones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from contracts import Fact, Source, Warehouse
from contracts.spark import (
    order_schema,
    quarantine_schema,
    spark_schema,
    tombstone_schema,
)
from glue_jobs.build.ranges import PendingRange, RangeOutput
from glue_jobs.build.row_counts import count_by_batch
from glue_jobs.landed import LandedFiles
from glue_jobs.parquet import check_rows, is_large, naming_failures, read, write
from glue_jobs.session import FEW_ROWS, Session, compile_if_many
from glue_jobs.transform.facts import (
    not_superseded,
    quarantined,
    tombstones,
    validated,
    versions,
)
from lake import Lake, layout
from lake.entries import Output, Outputs
from lake.quarantine import merge_outputs, open_rows

NONE = Output((), 0)


@dataclass(frozen=True)
class _Written:
    """The output of one fact."""

    versions: Output
    quarantined: Output
    tombstones: Output


@dataclass(frozen=True)
class FactFiles:
    """Writes the versions of every fact that a range of batches contains, the rows that it
    quarantines, and its tombstones: each in one Spark job for the whole range."""

    lake: Lake
    spark: Session
    run: str
    source: Source
    warehouse: Warehouse

    def build(self, pending: PendingRange) -> RangeOutput:
        """Write the files of a range. If it closes rows that were quarantined before, by an earlier
        range or by itself, also write those that stay open. Raises DamagedFile."""
        changed = [fact for fact in self.warehouse.facts if pending.changes(fact.of)]
        written = {fact: self._write(fact, pending) for fact in changed}
        outputs: list[Outputs] = [
            without_empty({fact.name: each.versions for fact, each in written.items()}),
            without_empty({fact.of: each.quarantined for fact, each in written.items()}),
            without_empty({fact.name: each.tombstones for fact, each in written.items()}),
        ]
        if not pending.is_one_batch:
            outputs = count_by_batch(self.spark, self.lake.processed, outputs)
        good, bad, deleted = outputs
        for fact in changed:
            parts = good.get(fact.name), bad.get(fact.of), deleted.get(fact.name)
            self._check(fact, pending, [output for output in parts if output])
        open_after = self._open_after(pending, merge_outputs([good, deleted]), bad)
        return RangeOutput(good, bad, tombstones=deleted, open_after=open_after)

    def _write(self, fact: Fact, pending: PendingRange) -> _Written:
        """Write the versions of a fact; if rows are left, those that are quarantined; if rows are
        still left, tombstones."""
        of, (count, size) = self.source.tables[fact.of], pending.size(fact.of)
        compile_if_many(self.spark(), count)
        files = {seq: changes.file for seq, changes in pending.changes(fact.of).items()}
        rows = self._landed.read(of, files).transform(validated, fact, of, self.warehouse.tables)
        generation, place = self.lake.generation, (pending.last, self.run)

        def put(frame: DataFrame, folder: str, schema: StructType) -> Output:
            return write(frame, self.lake.processed, folder, schema, is_large(count, size))

        folder = layout.processed_folder(generation, fact.name, *place)
        good, bad, deleted = put(versions(rows, fact), folder, spark_schema(fact)), NONE, NONE
        if good.rows != count:
            folder = layout.quarantine_folder(generation, fact.of, *place)
            bad = put(quarantined(rows, fact), folder, quarantine_schema(of))
        if good.rows + bad.rows != count:
            folder = layout.processed_folder(generation, fact.tombstones, *place)
            deleted = put(tombstones(rows, fact), folder, tombstone_schema(fact))
        return _Written(good, bad, deleted)

    @cached_property
    def _landed(self) -> LandedFiles:
        return LandedFiles(self.lake, self.spark)

    def _check(self, fact: Fact, pending: PendingRange, outputs: Sequence[Output]) -> None:
        """Raise DamagedFile unless each landed file has as many rows as the log records: each row
        is a version, quarantined or a tombstone."""
        for seq, changes in pending.changes(fact.of).items():
            is_one = pending.is_one_batch
            rows = sum(o.rows if is_one else o.batches.get(seq, 0) for o in outputs)
            check_rows(self.lake.ingestion.uri(changes.file.key), rows, changes.file.rows)

    def _open_after(
        self,
        pending: PendingRange,
        written: Mapping[str, Output],
        bad: Mapping[str, Output],
    ) -> Mapping[str, Output] | None:
        """Return the rows that are open after this range, which wrote these versions and tombstones
        and quarantined ``bad``, or None if it closed none. It may have closed rows of its own.
        Without open rows no file is read."""
        before = pending.previous_entry
        has_open = written and before and before.open_quarantined
        opened = open_rows(self.lake, before) if before and has_open else {}
        candidates = merge_outputs([opened, bad])
        left = {
            fact.of: self._left(candidates[fact.of], written[fact.name], fact, pending.last)
            for fact in self.warehouse.facts
            if fact.of in candidates and fact.name in written
        }
        if all(output.rows == candidates[table].rows for table, output in left.items()):
            return None
        return without_empty({**candidates, **left})

    def _left(self, opened: Output, written: Output, fact: Fact, last: int) -> Output:
        """Return the open rows without a later version or tombstone among those that the range
        wrote, in the same files if that is all of them."""
        schema = quarantine_schema(self.source.tables[fact.of])
        compile_if_many(self.spark(), opened.rows + written.rows)
        rows = read(self.spark, self.lake.processed, opened.files, schema)
        keys = read(self.spark, self.lake.processed, written.files, order_schema(fact))
        key = fact.column(fact.key)
        left = rows.transform(not_superseded, key.origin, keys, key.name)
        with naming_failures(f"The open rows of {fact.of} cannot be read"):
            count = left.count()
        if count == opened.rows:
            return opened
        folder = layout.open_folder(self.lake.generation, fact.of, last, self.run)
        return write(left.coalesce(1), self.lake.processed, folder, schema, count > FEW_ROWS)


def without_empty(outputs: Mapping[str, Output]) -> dict[str, Output]:
    """Return the outputs that have rows."""
    return {name: output for name, output in outputs.items() if output.rows}
