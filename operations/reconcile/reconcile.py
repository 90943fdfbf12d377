"""Compare source, mirror and warehouse, bucket by bucket: memory holds one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pg8000.native import Connection

import contracts
from contracts import Column, Dimension, Fact, PlatformError, SourceTable
from contracts.arrow import row_schema
from glue_jobs.load import ledger
from glue_jobs.load.pending import origin
from ingestion_lambda.mirror.buckets import by_bucket
from ingestion_lambda.mirror.difference import Difference, compare
from ingestion_lambda.mirror.mirror import Mirror
from ingestion_lambda.source.extract import spool_rows
from ingestion_lambda.source.scope import FullRead
from ingestion_lambda.source.snapshot import open_snapshot
from ingestion_lambda.table_poll import TablePoll
from lake import Lake
from lake.entries import Batch, Output
from lake.quarantine import Quarantine, quarantine
from operations.reconcile.calendar import compare_calendar
from operations.reconcile.expected import Lookups, compared_columns, expected
from operations.reconcile.explained import are_inferred, by_quarantine, were_deleted
from operations.reconcile.table_comparison import TableComparison
from postgres import Sql, connected, from_dsn, render, transaction

ROWS = "select {values} from {schema}.{rows} order by {key}"
SNAPSHOT = "set transaction isolation level repeatable read, read only"


class NothingToReconcile(PlatformError):
    """The lake holds no batch, or the warehouse none of them."""


@dataclass(frozen=True)
class Reconciled:
    """What was found. ``seq`` is the batch whose mirror stands between source and warehouse;
    the warehouse holds the batches up to and with ``loaded_through``, and lacks ``retries`` of
    rows set apart."""

    seq: int
    loaded_through: int
    retries: int
    quarantined: int
    comparisons: list[TableComparison]

    @property
    def unexplained(self) -> int:
        """Differences that nothing explains."""
        return sum(comparison.unexplained for comparison in self.comparisons)

    def report(self) -> dict[str, Any]:
        """The same, as the last line of a command has it."""
        sides = {comparison.side for comparison in self.comparisons}
        return {
            "seq": self.seq,
            "loaded_through": self.loaded_through,
            "pending": self.seq - self.loaded_through,
            "pending_retries": self.retries,
            "quarantined": self.quarantined,
            "differences": sum(comparison.differences for comparison in self.comparisons),
            "unexplained": self.unexplained,
            "tables": {
                side: {
                    comparison.name: comparison.counts
                    for comparison in self.comparisons
                    if comparison.side == side
                }
                for side in sorted(sides)
            },
        }


def reconcile(lake: Lake, source: str, warehouse: str, schema: str) -> Reconciled:
    """Compare the source, as one snapshot shows it, with the mirror of the last batch, and the
    warehouse with what that mirror asks for.

    Raises NothingToReconcile, OtherLedger, SchemaOutdated, or what a poll raises.
    """
    head = lake.batches.head()
    if head is None:
        raise NothingToReconcile("The lake holds no batch yet; run a cycle first.")
    with (
        connected(from_dsn(source), "reconcile") as theirs,
        connected(from_dsn(warehouse), "reconcile") as ours,
        open_snapshot(theirs, contracts.source()),
        _frozen_warehouse(ours),
    ):
        found = ledger.read_state(ours)
        fingerprint = contracts.warehouse().fingerprint
        ledger.check(found, origin(lake, head.seq), schema, fingerprint)
        apart = quarantine(lake)
        comparisons = list(_mirror_of_source(theirs, lake, head))
        comparisons += _Warehouse(ours, schema, lake, head, apart).comparisons()
    retries = apart.last_retry - found.retries
    return Reconciled(head.seq, found.head, retries, apart.rows, comparisons)


@contextmanager
def _frozen_warehouse(connection: Connection) -> Iterator[None]:
    with transaction(connection):
        connection.run(SNAPSHOT)
        yield


def _mirror_of_source(connection: Connection, lake: Lake, head: Batch) -> Iterator[TableComparison]:
    source = contracts.source()
    for table in source.tables.values():
        comparison = TableComparison("mirror", table.name)
        mirror = _mirror(lake, table, head)
        polled = TablePoll(connection, source.schema, table)
        for _, found in polled.differences(mirror, FullRead("reconcile")):
            comparison.note_mirror(found, table.key)
        yield comparison


def _mirror(lake: Lake, table: SourceTable, head: Batch) -> Mirror:
    return Mirror(lake.ingestion, table, head.mirror.get(table.name, {}))


@dataclass(frozen=True)
class _Warehouse:
    connection: Connection
    schema: str
    lake: Lake
    head: Batch
    quarantine: Quarantine

    def comparisons(self) -> Iterator[TableComparison]:
        """A tally a table."""
        warehouse = contracts.warehouse()
        for calendar in warehouse.calendars:
            yield compare_calendar(self.connection, self.schema, calendar)
        for dimension in warehouse.dimensions:
            yield self._dimension(dimension)
        for fact in warehouse.facts:
            yield self._fact(fact)

    def _dimension(self, dimension: Dimension) -> TableComparison:
        comparison, extra = TableComparison("warehouse", dimension.name), list[pa.Table]()
        for found in self._differences(dimension, dimension.name):
            comparison.note_warehouse(found, dimension.key)
            extra += [found.inserted] if found.inserted.num_rows else []
        if extra:
            beyond = pa.concat_tables(extra)
            known = beyond.filter(pc.invert(are_inferred(beyond, dimension)))
            keys = known[dimension.key].combine_chunks()
            deleted = were_deleted(self.lake, self._table(dimension.of), keys, self.head.seq)
            comparison.explained = beyond.num_rows - known.num_rows + deleted
        return comparison

    def _fact(self, fact: Fact) -> TableComparison:
        comparison = TableComparison("warehouse", fact.name)
        for found in self._differences(fact, f"{fact.name}_current"):
            comparison.note_warehouse(found, fact.key)
        apart = self.quarantine.tables.get(fact.of, Output((), 0))
        comparison.explained = by_quarantine(
            self.connection, self.schema, fact, comparison, self.lake, apart
        )
        return comparison

    def _differences(self, table: Dimension | Fact, rows: str) -> Iterator[Difference]:
        """The buckets of the table or view ``rows`` against those that the mirror asks for."""
        own, mirror = compared_columns(table), _mirror(self.lake, self._table(table.of), self.head)
        values = Sql(", ".join(_selected(column) for column in own.columns))
        query = render(ROWS, values=values, schema=self.schema, rows=rows, key=own.key)
        lookups, unseen = self._lookups(table), set(mirror.buckets)
        with spool_rows(self.connection, query, own) as spool:
            batches = (spool.get_batch(number) for number in range(spool.num_record_batches))
            for bucket, seen in by_bucket(batches, own.key, row_schema(own)):
                unseen.discard(bucket)
                yield _between(expected(mirror.read(bucket), table, lookups), seen, own.key)
        for bucket in sorted(unseen):
            known = expected(mirror.read(bucket), table, lookups)
            yield _between(known, known.slice(0, 0), own.key)

    def _lookups(self, table: Dimension | Fact) -> Lookups:
        """Whole mirrors, of tables that are small by their nature."""
        found = {}
        for name in table.lookups if isinstance(table, Dimension) else ():
            mirror = _mirror(self.lake, self._table(name), self.head)
            empty = row_schema(self._table(name)).empty_table()
            found[name] = pa.concat_tables([empty, *(mirror.read(b) for b in mirror.buckets)])
        return found

    def _table(self, name: str) -> SourceTable:
        return contracts.source().tables[name]


def _between(wanted: pa.Table, seen: pa.Table, key: str) -> Difference:
    is_gone = pc.invert(pc.is_in(wanted[key], value_set=seen[key].combine_chunks()))
    return compare(wanted, seen, wanted[key].filter(is_gone).combine_chunks(), key)


def _selected(column: Column) -> Sql:
    exact = "to_char({name}, 'HH24:MI:SS.US') as {name}"  # as the mirror's moments are spelled
    return render(exact if column.type.kind == "time" else "{name}", name=column.name)
