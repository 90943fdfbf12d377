"""The files of the dimensions of a range of batches: exactly the rows whose values changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import DataFrame

from contracts import Calendar, Dimension, Source, Warehouse
from contracts.spark import spark_schema
from glue_jobs.build.fact_files import without_empty
from glue_jobs.build.histories import Histories
from glue_jobs.build.ranges import PendingRange, RangeOutput
from glue_jobs.build.row_counts import count_by_batch
from glue_jobs.parquet import check_rows, is_large, write
from glue_jobs.session import Session, are_many, compile_if_many
from glue_jobs.transform.date_dimension import calendar_rows, date_ranges, missing_calendars
from glue_jobs.transform.dimensions import (
    changed_states,
    dimension_rows,
    joined_states,
    observed,
)
from lake import Lake, layout
from lake.concurrent import map_concurrently
from lake.entries import Output, Outputs
from lake.mirror_map import mirror_map

SMALL_TABLES = 2
"""Dimensions with few rows that are built at once: they take longer than the facts beside them."""


@dataclass(frozen=True)
class DimensionFiles:
    """Writes the changed rows of every dimension. An incremental dimension has a row for each
    landed insertion or update. Any other one has a row for each state that differs from the one
    before: without lookups for each transaction, with lookups for each batch. The first range, and
    the first one after a calendar's contract changed, also has every day of the calendar."""

    lake: Lake
    spark: Session
    run: str
    source: Source
    warehouse: Warehouse

    def build(self, pending: PendingRange) -> RangeOutput:
        """Write the files of a range. A dimension whose source tables did not change is not read.
        Raises DamagedFile."""
        changed = [each for each in self.warehouse.dimensions if _is_changed(each, pending)]
        tables: Outputs = without_empty(self._build(changed, pending)) if changed else {}
        if not pending.is_one_batch:
            [tables] = count_by_batch(self.spark, self.lake.processed, [tables])
        for dimension in self.warehouse.dimensions:
            if dimension.incremental:
                self._check(dimension, pending, tables)
        days = self._calendars(pending)
        return RangeOutput({**days, **tables}, calendars=date_ranges(self.warehouse))

    def _calendars(self, pending: PendingRange) -> dict[str, Output]:
        """Write the days of calendars; they belong to the first batch of the range."""
        built = pending.previous_entry.calendars if pending.previous_entry else {}
        first = pending.batches[0]
        days = {}
        for calendar in missing_calendars(self.warehouse, built):
            compile_if_many(self.spark(), 0)  # some thousands of rows
            rows = calendar_rows(self.spark(), calendar)
            rows = rows.transform(observed, first.seq, first.observed_at)
            output = self._write(rows, calendar, pending, by_executors=False)
            of_first = {} if pending.is_one_batch else {first.seq: output.rows}
            days[calendar.name] = Output(output.files, output.rows, of_first)
        return days

    def _build(self, changed: Sequence[Dimension], pending: PendingRange) -> dict[str, Output]:
        """Write the changed rows of these dimensions. Those with few rows are built two at once,
        because their queries have the same settings of the session."""
        self.spark()  # starts in this thread
        many = [each for each in changed if are_many(self._most_rows(each, pending))]
        few = [each for each in changed if each not in many]
        built = (
            *map_concurrently(lambda each: self._changed(each, pending), few, SMALL_TABLES),
            *(self._changed(each, pending) for each in many),
        )
        names = (each.name for each in (*few, *many))
        return dict(zip(names, built, strict=True))

    def _changed(self, dimension: Dimension, pending: PendingRange) -> Output:
        rows, (_, size) = self._most_rows(dimension, pending), pending.size(dimension.of)
        is_many = compile_if_many(self.spark(), rows)  # also sets how rows are read
        # the bytes of landed rows do not limit those of rows whose lookup changed
        by_executors = is_many if dimension.lookups else is_large(rows, size)
        return self._write(self._rows(dimension, pending), dimension, pending, by_executors)

    def _most_rows(self, dimension: Dimension, pending: PendingRange) -> int:
        """Return how many rows a range has of a dimension at most: the landed rows of its tables,
        and every row in each batch that changed a table that is looked up."""
        landed, _ = pending.size(*dimension.source_tables)
        own, _ = pending.size(dimension.of)
        before = mirror_map(self.lake.ingestion, pending.previous_batch, dimension.of).rows
        changed = {seq for table in dimension.lookups for seq in pending.changes(table)}
        return landed + (before + own) * len(changed)

    def _rows(self, dimension: Dimension, pending: PendingRange) -> DataFrame:
        if dimension.incremental:
            landed = self._histories.changes(dimension.of, pending)
            return dimension_rows(landed, dimension, self.source).where("op <> 'D'")
        states, after = self._histories.of(dimension, pending)
        rows = (
            joined_states(states, dimension, self.source)
            if dimension.lookups
            else dimension_rows(states[dimension.of], dimension, self.source)
        )
        return changed_states(rows, dimension.key, after)

    @cached_property
    def _histories(self) -> Histories:
        return Histories(self.lake, self.spark, self.source)

    def _check(self, dimension: Dimension, pending: PendingRange, tables: Outputs) -> None:
        """Raise DamagedFile unless an incremental dimension has every landed row."""
        output = tables.get(dimension.name, Output((), 0))
        for seq, changes in pending.changes(dimension.of).items():
            rows = output.rows if pending.is_one_batch else output.batches.get(seq, 0)
            name = f"{self.lake.ingestion.uri(changes.file.key)} (inserts and updates)"
            check_rows(name, rows, changes.inserted + changes.updated)

    def _write(
        self,
        rows: DataFrame,
        table: Dimension | Calendar,
        pending: PendingRange,
        by_executors: bool,
    ) -> Output:
        folder = layout.processed_folder(self.lake.generation, table.name, pending.last, self.run)
        return write(rows, self.lake.processed, folder, spark_schema(table), by_executors)


def _is_changed(dimension: Dimension, pending: PendingRange) -> bool:
    """Return whether a range may have rows of the dimension: deletions alone have none, unless
    other tables look the deleted rows up."""
    if dimension.lookups:
        return any(pending.changes(table) for table in dimension.source_tables)
    changes = pending.changes(dimension.of).values()
    return any(each.inserted + each.updated for each in changes)
