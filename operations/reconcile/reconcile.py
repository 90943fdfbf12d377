"""Compares source, mirror and warehouse, bucket by bucket: memory holds one at a time.

The source may change meanwhile, and polls and loads may run: the mirror is compared with the source
as of the last poll, and the warehouse as of the last batch that it must have.
"""

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
from ingestion_lambda.mirror.buckets import by_bucket
from ingestion_lambda.mirror.difference import Difference, compare
from ingestion_lambda.mirror.mirror import Mirror
from ingestion_lambda.source.extract import spool_rows
from ingestion_lambda.source.scope import FullRead, Scope, choose_scope
from ingestion_lambda.source.snapshot import Snapshot, open_snapshot
from ingestion_lambda.table_poll import TablePoll
from lake import Lake
from lake.entries import Batch, Output
from lake.mirror_map import mirror_map
from lake.quarantine import Quarantine, quarantine
from operations.reconcile.calendar import compare_calendar
from operations.reconcile.expected import Lookups, compared_columns, expected
from operations.reconcile.explained import are_inferred, by_quarantine, were_deleted
from operations.reconcile.table_comparison import TableComparison
from postgres import Address, Sql, connected, render, transaction

DIFFERENT = 3
"""The exit status of a command that found unexplained differences."""

ROWS = "select {values} from {schema}.{rows} order by {key}"
SNAPSHOT = "set transaction isolation level repeatable read, read only"


class NothingToReconcile(PlatformError):
    """The lake holds no batch."""


@dataclass(frozen=True)
class Reconciliation:
    """The result of a comparison. The source was compared with the mirror of batch ``seq``, and the
    warehouse, which has the batches through ``loaded_through``, with that of batch ``compared``;
    ``retries`` counts the retries of quarantined rows that are not loaded yet."""

    seq: int
    loaded_through: int
    compared: int
    retries: int
    quarantined: int
    comparisons: list[TableComparison]

    @property
    def unexplained(self) -> int:
        """Count of differences that are not explained."""
        return sum(comparison.unexplained for comparison in self.comparisons)

    @property
    def changed(self) -> int:
        """Count of rows that changed in the source since the last poll."""
        return sum(comparison.changed for comparison in self.comparisons)

    @property
    def mass_deletes(self) -> list[TableComparison]:
        """The tables for which the next poll is refused."""
        return [comparison for comparison in self.comparisons if comparison.is_mass_delete]

    @property
    def pending(self) -> int:
        """Count of batches that are not loaded yet."""
        return max(0, self.seq - self.loaded_through)

    @property
    def exit_status(self) -> int:
        """0, or DIFFERENT if a difference is not explained."""
        return DIFFERENT if self.unexplained else 0

    def report(self) -> dict[str, Any]:
        """Return the result as the last line of a command."""
        sides = {comparison.side for comparison in self.comparisons}
        return {
            "seq": self.seq,
            "loaded_through": self.loaded_through,
            "pending": self.pending,
            "pending_retries": self.retries,
            "quarantined": self.quarantined,
            "differences": sum(comparison.differences for comparison in self.comparisons),
            "unexplained": self.unexplained,
            "changed": self.changed,
            "mass_deletes": [comparison.name for comparison in self.mass_deletes],
            "tables": {
                side: {
                    comparison.name: comparison.counts
                    for comparison in self.comparisons
                    if comparison.side == side
                }
                for side in sorted(sides)
            },
        }


def reconcile(lake: Lake, source: Address, warehouse: Address, schema: str) -> Reconciliation:
    """Compare the source, in one snapshot, with the mirror of the last batch, and the warehouse
    with the rows that follow from the mirror of the last batch that it has, or that the load log
    says it has.

    Raises NothingToReconcile, OtherLedger, SchemaOutdated, or an error of a poll.
    """
    head, logged = lake.batches.head(), lake.loads.last_batch()  # before any snapshot
    if head is None:
        raise NothingToReconcile("The lake holds no batch yet. To fix: run a cycle first.")
    with (
        connected(source, "reconcile") as source_connection,
        connected(warehouse, "reconcile") as warehouse_connection,
        open_snapshot(source_connection, contracts.source()) as snapshot,
        _frozen_warehouse(warehouse_connection),
    ):
        state = ledger.read_state(warehouse_connection)
        ledger.check_contracts(state, schema, contracts.warehouse().fingerprint)
        ledger.check_lake(state, lake)
        quarantined = quarantine(lake)
        comparisons = list(_mirror_of_source(source_connection, snapshot, lake, head))
        seq = max(state.head, logged)
        batch = lake.batches.entry(seq) if seq else None
        compared = _Warehouse(warehouse_connection, schema, lake, seq, batch, quarantined)
        comparisons += compared.comparisons()
    retries = quarantined.last_retry - state.retries
    return Reconciliation(head.seq, state.head, seq, retries, quarantined.rows, comparisons)


@contextmanager
def _frozen_warehouse(connection: Connection) -> Iterator[None]:
    with transaction(connection):
        connection.run(SNAPSHOT)
        yield


def _mirror_of_source(
    connection: Connection, snapshot: Snapshot, lake: Lake, head: Batch
) -> Iterator[TableComparison]:
    """Yield the comparison of each table. A row that the next poll would find has changed since the
    last one; a row that it would not find is a difference. If the next poll reads everything, all
    of them are, because it cannot be decided."""
    source, scope = contracts.source(), choose_scope(head, snapshot)
    for table in source.tables.values():
        polled = TablePoll(connection, source.schema, table, snapshot.selected[table.name])
        yield _mirror_of_table(polled, table, _mirror(lake, table, head), scope)


def _mirror_of_table(
    polled: TablePoll, table: SourceTable, mirror: Mirror, scope: Scope
) -> TableComparison:
    comparison = TableComparison("mirror", table.name)
    every = FullRead("reconcile")
    with polled.spooled(every) as spool:
        for bucket, found in polled.differences(mirror, every, spool):
            missed = found
            if not (found.is_empty or isinstance(scope, FullRead)):
                missed = polled.missed(bucket, found, scope)
            comparison.note_mirror(found, missed, table.key)
    return comparison


def _mirror(lake: Lake, table: SourceTable, batch: Batch | None) -> Mirror:
    return Mirror(lake.ingestion, table, mirror_map(lake.ingestion, batch, table.name).buckets)


@dataclass(frozen=True)
class _Warehouse:
    connection: Connection
    schema: str
    lake: Lake
    seq: int
    batch: Batch | None
    quarantine: Quarantine

    def comparisons(self) -> Iterator[TableComparison]:
        """Yield the comparison of each table."""
        warehouse = contracts.warehouse()
        for calendar in warehouse.calendars:
            yield compare_calendar(self.connection, self.schema, calendar)
        for dimension in warehouse.dimensions:
            yield self._dimension(dimension)
        for fact in warehouse.facts:
            yield self._fact(fact)

    def _dimension(self, dimension: Dimension) -> TableComparison:
        comparison, extra = TableComparison("warehouse", dimension.name), list[pa.Table]()
        for differences in self._differences(dimension, dimension.name):
            comparison.note_warehouse(differences, dimension.key)
            extra += [differences.inserted] if differences.inserted.num_rows else []
        if extra:
            rows = pa.concat_tables(extra)
            known = rows.filter(pc.invert(are_inferred(rows, dimension)))
            keys = known[dimension.key].combine_chunks()
            deleted = were_deleted(self.lake, self._table(dimension.of), keys, self.seq)
            comparison.explained = rows.num_rows - known.num_rows + deleted
        return comparison

    def _fact(self, fact: Fact) -> TableComparison:
        comparison = TableComparison("warehouse", fact.name)
        for differences in self._differences(fact, f"{fact.name}_current"):
            comparison.note_warehouse(differences, fact.key)
        quarantined = self.quarantine.tables.get(fact.of, Output((), 0))
        comparison.explained = by_quarantine(
            self.connection, self.schema, fact, comparison, self.lake, quarantined
        )
        return comparison

    def _differences(self, table: Dimension | Fact, rows: str) -> Iterator[Difference]:
        """Compare the buckets of the table or view ``rows`` with the rows that follow from the
        mirror."""
        compared, mirror = (
            compared_columns(table),
            _mirror(self.lake, self._table(table.of), self.batch),
        )
        values = Sql(", ".join(_selected(column) for column in compared.columns))
        query = render(ROWS, values=values, schema=self.schema, rows=rows, key=compared.key)
        lookups, unseen = self._lookups(table), set(mirror.buckets)
        with spool_rows(self.connection, query, compared) as spool:
            for bucket, seen in by_bucket(spool, compared.key, row_schema(compared)):
                unseen.discard(bucket)
                yield _between(expected(mirror.read(bucket), table, lookups), seen, compared.key)
        for bucket in sorted(unseen):
            known = expected(mirror.read(bucket), table, lookups)
            yield _between(known, known.slice(0, 0), compared.key)

    def _lookups(self, table: Dimension | Fact) -> Lookups:
        """Return the whole mirrors of looked-up tables, which are small by nature."""
        lookups = {}
        for name in table.lookups if isinstance(table, Dimension) else ():
            mirror = _mirror(self.lake, self._table(name), self.batch)
            empty = row_schema(self._table(name)).empty_table()
            lookups[name] = pa.concat_tables([empty, *(mirror.read(b) for b in mirror.buckets)])
        return lookups

    def _table(self, name: str) -> SourceTable:
        return contracts.source().tables[name]


def _between(expected_rows: pa.Table, seen: pa.Table, key: str) -> Difference:
    is_missing = pc.invert(pc.is_in(expected_rows[key], value_set=seen[key].combine_chunks()))
    return compare(expected_rows, seen, expected_rows[key].filter(is_missing).combine_chunks(), key)


def _selected(column: Column) -> Sql:
    exact = "to_char({name}, 'HH24:MI:SS.US') as {name}"  # the format of the mirror's times
    return render(exact if column.type.kind == "time" else "{name}", name=column.name)
