"""The next batch in the making: data first, table by table; its entry is the caller's to commit."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pg8000.native import Connection

from contracts import Source, SourceTable
from ingestion_lambda.changes_file import ChangesFile
from ingestion_lambda.errors import MassDelete
from ingestion_lambda.mirror import Mirror
from ingestion_lambda.scope import Everything, Nothing, Since, scope
from ingestion_lambda.snapshot import Snapshot, is_flushed
from ingestion_lambda.table_poll import TablePoll, Unexplained
from lake import Store, layout, now
from lake.entries import Batch, Bucket, Changes, Position

logger = logging.getLogger(__name__)

MASS_DELETE_SHARE = 0.20
MASS_DELETE_ROWS = 100
"""More than both, of one table in one batch, trips the breaker (DESIGN.md, one poll)."""


@dataclass
class NextBatch:
    """What comes after ``head``, as ``snapshot`` shows it. The breaker for mass deletes lets the
    tables in ``allow_mass_delete`` pass."""

    connection: Connection
    source: Source
    store: Store
    head: Batch | None
    run: str
    snapshot: Snapshot
    allow_mass_delete: Collection[str] = ()
    _tables: dict[str, Changes] = field(default_factory=dict)
    _mirror: dict[str, dict[int, Bucket]] = field(default_factory=dict)

    def read(self) -> Batch | None:
        """The entry, with every file that it names in the lake; None where nothing changed.

        Raises MassDelete.
        """
        what = scope(self.head, self.snapshot)
        _log(what)
        if isinstance(what, Nothing):
            return None
        for table in self.source.tables.values():
            self._read_table(table, what)
        position = self._position()
        return self._entry(position) if self._tables or self._is_moved(what, position) else None

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

    def _read_table(self, table: SourceTable, what: Everything | Since) -> None:
        try:
            changes = self._land(table, what)
        except Unexplained:
            logger.warning("rows beyond the horizon; reading all", extra={"table": table.name})
            changes = self._land(table, Everything("rows beyond the horizon"))
        if changes:
            self._break_mass_delete(table, changes)
            self._tables[table.name] = changes

    def _land(self, table: SourceTable, what: Everything | Since) -> Changes | None:
        """Land the table's changes, if there are any, and its new mirror."""
        mirror = Mirror(self.store, table, self._known(table), self.seq, self.run)
        table_poll = TablePoll(self.connection, self.source.schema, table)
        with ChangesFile(table, self.seq, self.observed_at) as file:
            for bucket, found in table_poll.differences(mirror, what):
                if not found.is_empty:
                    file.add(found)
                    mirror.replace(bucket, found.mirror)
            day = self.observed_at.date()
            key = layout.batch_key(self.source.name, table.name, day, self.seq, self.run)
            changes = file.land(self.store, key)
        self._mirror[table.name] = mirror.buckets
        return changes

    def _break_mass_delete(self, table: SourceTable, changes: Changes) -> None:
        known = sum(bucket.rows for bucket in self._known(table).values())
        is_mass = changes.deleted > max(MASS_DELETE_ROWS, MASS_DELETE_SHARE * known)
        if is_mass and table.name not in self.allow_mass_delete:
            raise MassDelete(
                f"{changes.deleted} of {known} rows of {table.name} are gone from the source at"
                " once; nothing was committed. If that is meant, let it pass once with"
                f" --allow-mass-delete {table.name}; else check the source."
            )

    def _known(self, table: SourceTable) -> dict[int, Bucket]:
        return dict(self.head.mirror.get(table.name, {})) if self.head else {}

    def _position(self) -> Position:
        now = self.snapshot
        if is_flushed(self.connection, now):
            horizon: int | None = now.xmin
        else:  # an id not yet on the disk can be used again: read from the old horizon once more
            before = self.head.position if self.head else None
            same_source = before is not None and before.identity == now.identity
            horizon = before.horizon if before and same_source else None
        return Position(now.xmin, now.xmax, horizon, now.identity)

    def _is_moved(self, what: Everything | Since, position: Position) -> bool:
        """Whether an entry without a change is due: the source became another (a restore, a
        failover, new contracts) with the same rows, and without an entry that says so every poll
        would read everything again."""
        is_known = self.head is not None and position.horizon is not None
        return is_known and isinstance(what, Everything)

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


def _log(what: Everything | Since | Nothing) -> None:
    match what:
        case Nothing():
            logger.info("source is quiet")
        case Everything():
            logger.info("full read", extra={"reason": what.reason})
        case Since():
            logger.info("reading changes", extra={"from_xid": what.low, "to_xid": what.xmax})
