"""The next batch in the making: data first, table by table; its entry is the caller's to commit."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa
from pg8000.native import Connection

from contracts import Source, SourceTable
from ingestion_lambda.guards import refuse_another_source, refuse_mass_delete
from ingestion_lambda.mirror.changes_file import ChangesFile
from ingestion_lambda.mirror.difference import Difference
from ingestion_lambda.mirror.mirror import Mirror
from ingestion_lambda.options import DEFAULT_OPTIONS, PollOptions
from ingestion_lambda.source.horizon import running_since
from ingestion_lambda.source.scope import FullRead, NoRead, XidRange, scope
from ingestion_lambda.source.snapshot import Snapshot, is_flushed
from ingestion_lambda.table_poll import MirrorIncomplete, TablePoll
from lake import Store, layout, now
from lake.entries import Batch, Bucket, Changes, Position

logger = logging.getLogger(__name__)


@dataclass
class NextBatch:
    """What comes after ``head``, as ``snapshot`` shows it and an operator's ``orders`` want it;
    all tables are read in full where the poll ``is_audit``. ``missed`` counts per table the rows
    that should have been found without reading everything, and were not."""

    connection: Connection
    source: Source
    store: Store
    head: Batch | None
    run: str
    snapshot: Snapshot
    orders: PollOptions = DEFAULT_OPTIONS
    is_audit: bool = False
    missed: dict[str, int] = field(default_factory=dict)
    _tables: dict[str, Changes] = field(default_factory=dict)
    _mirror: dict[str, dict[int, Bucket]] = field(default_factory=dict)

    def read(self) -> Batch | None:
        """The entry, with every file that it names in the lake; None where nothing changed.

        Raises MassDelete or AnotherSource.
        """
        what = self.scope
        _log(what)
        for table in self.source.tables.values():
            self._read_table(table, self._scope_of(table, what))
        refuse_another_source(self.head, self.snapshot, self._tables, self.orders)
        if not (self._tables or self._is_moved(what)):
            return None  # before the wait for the source's disk
        return self._entry(self._position())

    @property
    def scope(self) -> FullRead | XidRange | NoRead:
        """What is read of every table that ``reread`` does not name."""
        what = scope(self.head, self.snapshot)
        return FullRead.rather_than(what, "daily audit") if self.is_audit else what

    @property
    def seq(self) -> int:
        """The number of the batch."""
        return self.head.seq + 1 if self.head else 1

    @property
    def observed_at(self) -> datetime:
        """The source's clock, kept strictly increasing where the clock itself goes back."""
        if self.head is None:
            return self.snapshot.observed_at
        return max(self.snapshot.observed_at, self.head.observed_at + timedelta(microseconds=1))

    def _scope_of(
        self, table: SourceTable, what: FullRead | XidRange | NoRead
    ) -> FullRead | XidRange | NoRead:
        if table.name not in self.orders.reread:
            return what
        logger.info("reading all on demand", extra={"table": table.name})
        return FullRead.rather_than(what, "on demand")

    def _read_table(self, table: SourceTable, what: FullRead | XidRange | NoRead) -> None:
        if isinstance(what, NoRead):
            self._mirror[table.name] = self._known(table)
            return
        try:
            changes = self._land(table, what)
        except MirrorIncomplete:
            logger.warning("rows beyond the horizon; reading all", extra={"table": table.name})
            everything = FullRead.rather_than(what, "rows beyond the horizon")
            changes = self._land(table, everything)
        if changes:
            known = sum(bucket.rows for bucket in self._known(table).values())
            refuse_mass_delete(table, changes, known, self.orders)
            self._tables[table.name] = changes

    def _land(self, table: SourceTable, what: FullRead | XidRange) -> Changes | None:
        """Land the table's changes, if there are any, and its new mirror."""
        mirror = Mirror(self.store, table, self._known(table), self.seq, self._mirror_run(what))
        table_poll = TablePoll(self.connection, self.source.schema, table)
        with ChangesFile(table, self.seq, self.observed_at) as file:
            mirror.replace(self._changed(table_poll, mirror, what, file))
            day = self.observed_at.date()
            key = layout.batch_key(self.source.name, table.name, day, self.seq, self.run)
            changes = file.land(self.store, key)
        self._mirror[table.name] = mirror.buckets
        return changes

    def _changed(
        self, table_poll: TablePoll, mirror: Mirror, what: FullRead | XidRange, file: ChangesFile
    ) -> Iterator[tuple[int, pa.Table]]:
        """The buckets that changed, as they are now; what changed in them goes to ``file``."""
        for bucket, found in table_poll.differences(mirror, what):
            if not found.is_empty:
                self._count_missed(table_poll, bucket, found, what)
                file.add(found)
                yield bucket, found.mirror

    def _mirror_run(self, what: FullRead | XidRange) -> str:
        """Reading all may follow an attempt that has put some buckets already, as it saw them."""
        beyond = isinstance(what, FullRead) and what.instead_of is not None
        return f"{self.run}-all" if beyond else self.run

    def _count_missed(
        self, table_poll: TablePoll, bucket: int, found: Difference, what: FullRead | XidRange
    ) -> None:
        if not isinstance(what, FullRead) or what.instead_of is None:
            return
        if rows := table_poll.missed(bucket, found, what.instead_of):
            name = table_poll.name
            logger.warning("rows were missed", extra={"table": name, "rows": rows})
            self.missed[name] = self.missed.get(name, 0) + rows

    def _known(self, table: SourceTable) -> dict[int, Bucket]:
        return dict(self.head.mirror.get(table.name, {})) if self.head else {}

    def _position(self) -> Position:
        now, since = self.snapshot, running_since(self.head, self.snapshot)
        horizon = now.xmin if is_flushed(self.connection, now) else self._older_horizon()
        return Position(now.xmin, now.xmax, horizon, now.identity, since)

    def _older_horizon(self) -> int:
        """An id not yet on the disk can be used again after a crash: until it is, the horizon
        stays where it was, or at what the source's last checkpoint has recorded."""
        now, before = self.snapshot, self.head.position if self.head else None
        recorded = min(now.xmin, now.durable_xid)
        is_same = before is not None and before.identity == now.identity
        if before and is_same and before.xmax <= now.xmax:
            return max(before.horizon, recorded)
        return recorded

    def _is_moved(self, what: FullRead | XidRange | NoRead) -> bool:
        """Whether an entry without a change is due: the source became another (a restore, a
        failover, new contracts) with the same rows, and without an entry that says so every poll
        would read everything again."""
        is_forced = isinstance(what, FullRead) and what.instead_of is None
        return self.head is not None and is_forced

    def _entry(self, position: Position) -> Batch:
        return Batch(
            seq=self.seq,
            run=self.run,
            lake=self.head.lake if self.head else self.run,  # a lake is named by its first run
            observed_at=self.observed_at,
            committed_at=now(),
            position=position,
            tables=self._tables,
            mirror=self._mirror,
        )


def _log(what: FullRead | XidRange | NoRead) -> None:
    match what:
        case NoRead():
            logger.info("source is quiet")
        case FullRead():
            logger.info("full read", extra={"reason": what.reason})
        case XidRange():
            logger.info("reading changes", extra={"from_xid": what.low, "to_xid": what.xmax})
