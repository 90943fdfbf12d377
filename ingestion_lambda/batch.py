"""The next batch: read the source, land every data file, and describe them in one entry.

The caller commits the entry. ADR docs/adr/0018-change-detection.md explains the position.
"""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts import Source, SourceTable
from ingestion_lambda.capture.captured import NOTHING_CAPTURED, Captured
from ingestion_lambda.capture.opening import BatchCapture, DifferenceCapture
from ingestion_lambda.guards import refuse_another_source, refuse_mass_delete
from ingestion_lambda.mirror.changes_file import ChangesFile
from ingestion_lambda.mirror.mirror import Mirror
from ingestion_lambda.mirror.writer import MirrorWriter
from ingestion_lambda.options import DEFAULT_OPTIONS, PollOptions
from ingestion_lambda.source.clock import latest, warn_if_ahead
from ingestion_lambda.source.horizon import running_since
from ingestion_lambda.source.scope import FullRead, NoRead, Scope, XidRange, choose_scope
from ingestion_lambda.source.snapshot import Snapshot, is_flushed
from ingestion_lambda.table_poll import MirrorIncomplete, ReadRows, TablePoll
from lake import Store, layout, now
from lake.entries import Batch, Changes, Position
from lake.mirror_map import MirrorMap, mirror_map
from postgres import Connection

logger = logging.getLogger(__name__)

BY_DIFFERENCE = DifferenceCapture()


@dataclass
class NextBatch:
    """The batch of ``lake`` that follows ``head``, as ``snapshot`` shows the source.

    In an audit every table is read in full. ``missed`` counts, per table, the rows that a full
    read found and the incremental scope would have missed. ``captured`` is what a ``capture`` by
    log adds.
    """

    connection: Connection
    source: Source
    store: Store
    head: Batch | None
    lake: str
    run: str
    snapshot: Snapshot
    options: PollOptions = DEFAULT_OPTIONS
    is_audit: bool = False
    capture: BatchCapture = BY_DIFFERENCE
    captured: Captured = NOTHING_CAPTURED
    missed: dict[str, int] = field(default_factory=dict)
    _tables: dict[str, Changes] = field(default_factory=dict)
    _spools: dict[str, ReadRows] = field(default_factory=dict)
    _maps: dict[str, MirrorMap] = field(default_factory=dict)

    def read(self) -> bool:
        """Read every table and land its changes. Return whether the batch is due: a row changed,
        or the source, the point of its log or a gap of some rows must be recorded.

        Raises MassDelete, AnotherSource or SlotBusy.
        """
        scope = self.scope
        _log(scope)
        scopes = {name: self._scope_of(name, scope) for name in self.source.tables}
        with (
            self.capture.read(self.connection, self.snapshot, scope) as captured,
            ExitStack() as files,
        ):
            if self.capture.reads_log:  # meanwhile
                self._spool_changes(scopes, files)
            self.captured = captured()
            if isinstance(scope, FullRead) and self.head is None:
                self._read_first(scope)
            else:
                for table in self.source.tables.values():
                    self._read_table(table, scopes[table.name])
        refuse_another_source(self.head, self.snapshot, self._tables, self.options)
        is_found = bool(self._tables or self.captured.unexplained)
        return is_found or self._is_moved(scope) or self.captured.is_due

    def entry(self, expired_through: int) -> Batch:
        """Return the entry of the batch, once ``read`` has landed every file that it names.

        Waits a moment for the source's disk, within the snapshot's transaction.
        """
        return Batch(
            seq=self.seq,
            run=self.run,
            lake=self.lake,
            observed_at=self.observed_at,
            committed_at=now(),
            position=self._position(),
            tables=self._tables,
            mirror={name: each.inline for name, each in self._maps.items()},
            pages={name: each.pages for name, each in self._maps.items() if each.pages},
            expired_through=expired_through,
            capture=self.captured.following,
            gaps=self.captured.all_gaps(self.head),
            slots=self.capture.slots,
        )

    @property
    def scope(self) -> Scope:
        """The scope of every table that the option ``reread`` does not name."""
        scope = choose_scope(self.head, self.snapshot)
        scope = self.capture.widen(scope)
        return FullRead.widen(scope, "daily audit") if self.is_audit else scope

    @property
    def seq(self) -> int:
        """The number of the batch."""
        return self.head.seq + 1 if self.head else 1

    @property
    def observed_at(self) -> datetime:
        """The source's clock. It increases from batch to batch even if the clock goes back."""
        if self.head is None:
            return self.snapshot.observed_at
        return max(self.snapshot.observed_at, self.head.observed_at + timedelta(microseconds=1))

    def _scope_of(self, table: str, scope: Scope) -> Scope:
        if table not in self.options.reread:
            return scope
        logger.info("reading all on demand", extra={"table": table})
        return FullRead.widen(scope, "on demand")

    def _spool_changes(self, scopes: Mapping[str, Scope], files: ExitStack) -> None:
        """Copy the changed rows of every table to disk, as long as ``files``."""
        for name, table in self.source.tables.items():
            if isinstance(scope := scopes[name], XidRange):
                spool = self._table_poll(table).spooled(scope)
                self._spools[name] = files.enter_context(spool)

    def _read_first(self, scope: FullRead) -> None:
        """Read each table of a first batch, and land its rows as they arrive: they are compared
        with nothing, so no further query is needed."""
        for table in self.source.tables.values():
            with self._table_poll(table).arriving() as rows:
                self._spools[table.name] = rows
                self._read_table(table, scope)

    def _read_table(self, table: SourceTable, scope: Scope) -> None:
        if isinstance(scope, NoRead):
            self._maps[table.name] = self._map(table)
            return
        try:
            changes = self._land(table, scope)
        except MirrorIncomplete:
            logger.warning("rows beyond the horizon; reading all", extra={"table": table.name})
            changes = self._land(table, FullRead.widen(scope, "rows beyond the horizon"))
        if changes:
            self._tables[table.name] = changes

    def _land(self, table: SourceTable, scope: FullRead | XidRange) -> Changes | None:
        """Land the table's changed rows, if there are any, and its new mirror. Raises
        MassDelete."""
        table_poll = self._table_poll(table)
        known, run = self._map(table), self._mirror_run(scope)
        mirror = Mirror(self.store, table, known.buckets)
        writer = MirrorWriter(self.store, table, self.seq, run)
        log = self.captured.logs.get(table.name)
        missed, deleted, created = 0, 0, None
        with (
            self._spooled(table_poll, table, scope) as spool,
            ChangesFile(table, self.seq, self.observed_at) as changes,
            writer,
        ):
            differences = table_poll.differences(mirror, scope, spool)
            for bucket, difference in log.completed(mirror, differences) if log else differences:
                if log:
                    log.add_to(changes, bucket, difference)
                else:
                    changes.add(difference)
                if difference.is_empty:
                    continue
                deleted += difference.deleted.num_rows
                missed += table_poll.count_missed(bucket, difference, scope)
                created = latest(created, difference.inserted, self.source.created)
                writer.put(bucket, difference.mirror)
            refuse_mass_delete(table, deleted, known.rows, self.options)
            landed = changes.land(self.store, self._changes_key(table))
        self._maps[table.name] = known.put(writer.merged_into(mirror.buckets), self.seq, run)
        self._note_missed(table, missed)
        warn_if_ahead(table.name, created, self.snapshot.observed_at)
        return landed

    def _table_poll(self, table: SourceTable) -> TablePoll:
        selected = self.snapshot.selected[table.name]
        return TablePoll(self.connection, self.source.schema, table, selected)

    def _spooled(
        self, table_poll: TablePoll, table: SourceTable, scope: FullRead | XidRange
    ) -> AbstractContextManager[ReadRows]:
        """Return the rows of the table on disk, which may be there already."""
        spool = self._spools.pop(table.name, None)
        return nullcontext(spool) if spool else table_poll.spooled(scope)

    def _changes_key(self, table: SourceTable) -> str:
        day = self.observed_at.date()
        return layout.batch_key(self.source.name, table.name, day, self.seq, self.run)

    def _mirror_run(self, scope: FullRead | XidRange) -> str:
        """Return the run that mirror objects are named after. A full read that follows a failed
        attempt needs its own: the first attempt may have written other bytes under the same key."""
        is_widened = isinstance(scope, FullRead) and scope.instead_of is not None
        return f"{self.run}-all" if is_widened else self.run

    def _note_missed(self, table: SourceTable, missed: int) -> None:
        if missed:
            logger.warning("rows were missed", extra={"table": table.name, "rows": missed})
            self.missed[table.name] = missed

    def _map(self, table: SourceTable) -> MirrorMap:
        return mirror_map(self.store, self.head, table.name)

    def _position(self) -> Position:
        snapshot = self.snapshot
        flushed = is_flushed(self.connection, snapshot)
        return Position(
            xmin=snapshot.xmin,
            xmax=snapshot.xmax,
            horizon=snapshot.xmin if flushed else self._durable_horizon(),
            identity=snapshot.identity,
            running_since=running_since(self.head, snapshot),
        )

    def _durable_horizon(self) -> int:
        """Return a horizon below every id that is not yet on the source's disk.

        After a crash the source can assign such an id again. Until it is durable the horizon stays
        where it was, or where the source's last checkpoint recorded it.
        """
        snapshot, before = self.snapshot, self.head.position if self.head else None
        recorded = min(snapshot.xmin, snapshot.durable_xid or snapshot.xmin)
        is_same = before is not None and before.identity == snapshot.identity
        if before and is_same and before.xmax <= snapshot.xmax:
            return max(before.horizon, recorded)
        return recorded

    def _is_moved(self, scope: Scope) -> bool:
        """Return whether an entry without a change is due.

        A restore, a failover or new contracts make the source another one with the same rows.
        Without an entry that records it, every poll would read everything again.
        """
        is_forced = isinstance(scope, FullRead) and scope.instead_of is None
        return self.head is not None and is_forced


def _log(scope: Scope) -> None:
    match scope:
        case NoRead():
            logger.info("source is quiet")
        case FullRead():
            logger.info("full read", extra={"reason": scope.reason})
        case XidRange():
            logger.info("reading changes", extra={"from_xid": scope.low, "to_xid": scope.xmax})
