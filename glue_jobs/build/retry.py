"""Retry quarantined rows: corrected code, or a longer calendar, may convert them now."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from contracts import Fact, Source, Warehouse
from contracts.spark import (
    batch_schema,
    quarantine_schema,
    spark_schema,
    tombstone_schema,
)
from glue_jobs.build.fact_files import without_empty
from glue_jobs.parquet import check_rows, naming_failures, read, write
from glue_jobs.session import FEW_ROWS, Session, compile_if_many
from glue_jobs.transform.date_dimension import calendar_rows, missing_calendars
from glue_jobs.transform.dimensions import observed
from glue_jobs.transform.facts import (
    is_tombstone,
    is_valid,
    not_superseded,
    quarantined,
    tombstones,
    validated,
    versions,
)
from lake import Lake, SeqTaken, layout, new_run, now
from lake.entries import Output, RetryEntry
from lake.quarantine import Quarantine, merge_outputs, quarantine

logger = logging.getLogger(__name__)

NO_OUTPUT = Output((), 0)


@dataclass(frozen=True)
class Retry:
    """A retry of all quarantined rows.

    It writes versions with the batch and time of their rows, so that they take their place in the
    history. They exist if, and only if, the retry log has the entry. Of two concurrent retries one
    commits.
    """

    lake: Lake
    spark: Session
    source: Source
    warehouse: Warehouse

    def run(self) -> int:
        """Bring back the rows that are valid now, and return how many. If no row is, nothing is
        written; if none is quarantined, Spark does not start. Raises DamagedFile."""
        before = quarantine(self.lake)
        if not before.tables:
            return 0
        run, tables, deleted = new_run(), dict[str, Output](), dict[str, Output]()
        left, opened = dict(before.tables), dict(before.open)
        for fact in self.warehouse.facts:
            if fact.of in before.tables:
                outputs = self._retry(fact, before, run)
                tables[fact.name], left[fact.of], deleted[fact.name] = outputs
                if left[fact.of] != before.tables[fact.of] and fact.of in opened:
                    opened[fact.of] = self._open_after(fact, before, run)
        closed = sum(output.rows for output in (*tables.values(), *deleted.values()))
        if not closed:
            return 0
        entry = RetryEntry(
            before.last_retry + 1,
            run,
            now(),
            before.through,
            {**self._calendars(before.through, run), **without_empty(tables)},
            without_empty(left),
            before.closed + closed,
            without_empty(opened),
            without_empty(merge_outputs([before.tombstones, deleted])),
        )
        return closed if self._commit(entry) else 0

    def _retry(self, fact: Fact, before: Quarantine, run: str) -> tuple[Output, Output, Output]:
        """Write the rows that are versions now, those that stay quarantined, and the tombstones of
        deletions, which earlier releases quarantined. If all rows stay, nothing is written."""
        held = before.tables[fact.of]
        rows = self._validated(held, fact)
        counts = (F.count(F.when(holds, 1)) for holds in (is_valid(), is_tombstone()))
        with naming_failures(f"The quarantine of {fact.of} cannot be read"):
            [[count, valid, deleted]] = rows.agg(F.count("*"), *counts).collect()
        check_rows(f"The quarantine of {fact.of}", count, held.rows)
        if not valid and not deleted:
            return NO_OUTPUT, held, NO_OUTPUT
        generation, place = self.lake.generation, (before.through, run)
        version_folder = layout.processed_folder(generation, fact.name, *place)
        quarantine_folder = layout.quarantine_folder(generation, fact.of, *place)
        tombstone_folder = layout.processed_folder(generation, fact.tombstones, *place)
        return (
            self._put(versions(rows, fact), version_folder, spark_schema(fact), valid),
            self._put(
                quarantined(rows, fact),
                quarantine_folder,
                quarantine_schema(self.source.tables[fact.of]),
                count - valid - deleted,
            ),
            self._put(tombstones(rows, fact), tombstone_folder, tombstone_schema(fact), deleted),
        )

    def _open_after(self, fact: Fact, before: Quarantine, run: str) -> Output:
        """Write the rows that stay open: neither those that come back nor older rows of their
        keys."""
        of = self.source.tables[fact.of]
        key = of.key
        closing = self._validated(before.tables[fact.of], fact).where(is_valid() | is_tombstone())
        invalid = self._validated(before.open[fact.of], fact).transform(quarantined, fact)
        left = invalid.transform(not_superseded, key, closing, key).coalesce(1)
        folder = layout.open_folder(self.lake.generation, fact.of, before.through, run)
        with naming_failures(f"The open rows of {fact.of} cannot be read"):
            count = left.count()
        return self._put(left, folder, quarantine_schema(of), count)

    def _validated(self, held: Output, fact: Fact) -> DataFrame:
        of = self.source.tables[fact.of]
        compile_if_many(self.spark(), held.rows)
        rows = read(self.spark, self.lake.processed, held.files, batch_schema(of))
        return rows.transform(validated, fact, of, self.warehouse.tables)

    def _put(self, rows: DataFrame, folder: str, schema: StructType, count: int) -> Output:
        if not count:
            return NO_OUTPUT
        return write(rows, self.lake.processed, folder, schema, count > FEW_ROWS)

    def _calendars(self, through: int, run: str) -> Mapping[str, Output]:
        """Write the days that the rows refer to and that no batch has built yet."""
        built = self.lake.dimensions.head()
        calendars = missing_calendars(self.warehouse, built.calendars) if built else []
        place = through, self.lake.batches.entry(through).observed_at
        return {
            calendar.name: self._put(
                calendar_rows(self.spark(), calendar).transform(observed, *place),
                layout.processed_folder(self.lake.generation, calendar.name, through, run),
                spark_schema(calendar),
                (calendar.last - calendar.first).days + 1,
            )
            for calendar in calendars
        }

    def _commit(self, entry: RetryEntry) -> bool:
        try:
            self.lake.retries.commit(entry)
        except SeqTaken as taken:
            logger.info("another retry was first", extra={"reason": str(taken)})
            return False
        rows = {name: output.rows for name, output in entry.tables.items()}
        logger.info("quarantine retried", extra={"retry": entry.seq, "rows": rows})
        return True
