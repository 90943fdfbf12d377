"""Try again what was set apart: mended code, or a wider calendar, may read it now."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from contracts import Fact, Source, Warehouse
from contracts.spark import batch_schema
from glue_jobs.transform.date_dimension import every_day, lacking
from glue_jobs.errors import DamagedFile
from glue_jobs.transform.facts import is_tombstone, conforms, validated, quarantined, tombstones, versions
from glue_jobs.parquet import read, write
from lake.quarantine import Quarantine, quarantine, together
from glue_jobs.session import Session
from lake import Lake, SeqTaken, layout, new_run, now
from lake.entries import Output, RetryEntry

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Retry:
    """A retry of everything that is set apart.

    What it brings back are versions with the batch and the moment of their rows, so that they
    take their place in the history; it exists if, and only if, its entry in the log of retries
    does. Of two retries at once one commits.
    """

    lake: Lake
    spark: Session
    source: Source
    warehouse: Warehouse

    def run(self) -> int:
        """Bring back what conforms now; how many rows that was. Where nothing does, nothing is
        written, and where nothing is set apart Spark is not started. Raises DamagedFile."""
        apart = quarantine(self.lake)
        if not apart.tables:
            return 0
        run, tables, tombstone_rows = new_run(), dict[str, Output](), dict[str, Output]()
        left, opened = dict(apart.tables), dict(apart.open)
        for fact in self.warehouse.facts:
            if fact.of in apart.tables:
                again = self._again(fact, apart, run)
                tables[fact.name], left[fact.of], tombstone_rows[fact.name] = again
                if left[fact.of] != apart.tables[fact.of] and fact.of in opened:
                    opened[fact.of] = self._open_after(fact, apart, run)
        closed = sum(output.rows for output in (*tables.values(), *tombstone_rows.values()))
        if not closed:
            return 0
        retried = RetryEntry(
            apart.last_retry + 1,
            run,
            now(),
            apart.through,
            {**self._calendars(apart.through, run), **_with_rows(tables)},
            _with_rows(left),
            apart.closed + closed,
            _with_rows(opened),
            _with_rows(together([apart.tombstones, tombstone_rows])),
        )
        return closed if self._commit(retried) else 0

    def _again(self, fact: Fact, apart: Quarantine, run: str) -> tuple[Output, Output, Output]:
        """The rows as versions, those that stay apart, and deletions, which earlier versions of
        this code set apart, as tombstones; nothing is written where all stay."""
        held = apart.tables[fact.of]
        again = self._validated(held, fact)
        counts = (F.count(F.when(holds, 1)) for holds in (conforms(), is_tombstone()))
        [[found, good, tombstone_rows]] = again.agg(F.count("*"), *counts).collect()
        if found != held.rows:
            raise DamagedFile(
                f"The quarantine of {fact.of} holds {found} rows, and the logs count {held.rows}."
                " Restore its objects from their earlier versions."
            )
        if not good and not tombstone_rows:
            return Output((), 0), held, Output((), 0)
        generation, place = self.lake.generation, (apart.through, run)
        back = layout.processed_folder(generation, fact.name, *place)
        left = layout.quarantine_folder(generation, fact.of, *place)
        gone = layout.processed_folder(generation, fact.tombstones, *place)
        return (
            self._write(versions(again, fact), back, good),
            self._write(quarantined(again, fact), left, found - good - tombstone_rows),
            self._write(tombstones(again, fact), gone, tombstone_rows),
        )

    def _open_after(self, fact: Fact, apart: Quarantine, run: str) -> Output:
        """The rows that stay open: not those that come back, nor earlier ones of their keys."""
        key = self.source.tables[fact.of].key
        again = self._validated(apart.tables[fact.of], fact).where(conforms() | is_tombstone())
        last = again.groupBy(F.col(key).alias("_key")).agg(F.max("batch_seq").alias("_seq"))
        is_superseded = (F.col(key) == F.col("_key")) & (F.col("batch_seq") <= F.col("_seq"))
        opened = quarantined(self._validated(apart.open[fact.of], fact), fact)
        left = opened.join(last, is_superseded, "left_anti").coalesce(1)
        folder = layout.open_folder(self.lake.generation, fact.of, apart.through, run)
        return self._write(left, folder, left.count())

    def _validated(self, held: Output, fact: Fact) -> DataFrame:
        of = self.source.tables[fact.of]
        rows = read(self.spark, self.lake.processed, held.files, batch_schema(of))
        return validated(rows, fact, of, self.warehouse.tables)

    def _write(self, frame: DataFrame, folder: str, rows: int) -> Output:
        return Output(write(frame, self.lake.processed, folder) if rows else (), rows)

    def _calendars(self, through: int, run: str) -> dict[str, Output]:
        """Days that the batches built so far did not bring, for the rows to refer to."""
        built = self.lake.dimensions.head()
        calendars = lacking(self.warehouse, built.calendars) if built else []
        return {
            calendar.name: self._write(
                every_day(self.spark(), calendar),
                layout.processed_folder(self.lake.generation, calendar.name, through, run),
                (calendar.last - calendar.first).days + 1,
            )
            for calendar in calendars
        }

    def _commit(self, retried: RetryEntry) -> bool:
        try:
            self.lake.retries.commit(retried)
        except SeqTaken as taken:
            logger.info("another retry was first", extra={"reason": str(taken)})
            return False
        rows = {name: output.rows for name, output in retried.tables.items()}
        logger.info("quarantine retried", extra={"retry": retried.seq, "rows": rows})
        return True


def _with_rows(outputs: Mapping[str, Output]) -> dict[str, Output]:
    return {name: output for name, output in outputs.items() if output.rows}
