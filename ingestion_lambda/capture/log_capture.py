"""Capture by log: read the log of a batch, and let the slot move after its commit.

A doubt about the log makes a gap: the versions of that interval are the difference of the batches.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from contracts import PlatformError, Source
from ingestion_lambda.capture.doubt import (
    WENT_BACK,
    captured_tables,
    find_doubt,
    find_gaps,
    has_gone_back,
)
from ingestion_lambda.capture.log_reading import (
    READ_TIMEOUT,
    Connect,
    LogInterval,
    ReadLog,
    read_log,
)
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.capture.preparation import FLUSH, Prepared, prepare
from ingestion_lambda.capture.table_log import TableLog
from ingestion_lambda.errors import SlotBusy
from ingestion_lambda.source.log.messages import LogUnavailable, UnreadableLog
from ingestion_lambda.source.log.slot import advance_slot, as_text, drop_slot, lsn, slot_name
from ingestion_lambda.source.scope import FullRead, NoRead, Scope
from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Batch, Capture, Gap
from postgres import Connection, Session

MOST_HELD = 64 << 20
"""Bytes of log after the slot's position, from which on a batch without changes lets it move."""

UNEXPLAINED = "the log does not explain the last state of some rows"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Captured:
    """The additions of the log to a batch: the logs of its tables, its gaps, and the point from
    which the next batch is captured. ``is_due`` states whether the batch is due even without a
    change."""

    logs: Mapping[str, TableLog] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    following: Capture | None = None
    is_due: bool = False

    def all_gaps(self, head: Batch | None) -> tuple[Gap, ...]:
        """Return the gaps, once the tables are read: also of rows that the log did not explain."""
        tables = tuple(name for name, log in self.logs.items() if log.unlogged)
        unexplained = (Gap(UNEXPLAINED, tables, head.observed_at),) if head and tables else ()
        return self.gaps + unexplained


NOTHING_CAPTURED = Captured()
"""The additions of a capture by difference."""


@dataclass
class LogCapture:
    """The capture of the batch that follows ``head``."""

    source: Source
    head: Batch | None
    prepared: Prepared
    connect: Connect
    is_committed: bool = False

    @property
    def before(self) -> Capture | None:
        """The point from which the batch is captured, None if the log since then is not known."""
        return self.head.capture if self.head else None

    @property
    def retained(self) -> int:
        """The bytes of WAL that the source retains for the slot, 0 without one."""
        return self.prepared.slot.retained if self.prepared.slot else 0

    def widen(self, scope: Scope) -> Scope:
        """Return a full read if the source may have gone back in time or lost transactions that
        the batch before saw, otherwise ``scope``."""
        if isinstance(scope, FullRead) and scope.instead_of is None:
            return scope
        return FullRead(WENT_BACK) if has_gone_back(self.prepared, self.before) else scope

    def flush(self) -> bool:
        """Let the source write its log to disk, and return whether it did. A commit does that; the
        writer of a quiet server may sleep for 5 s."""
        try:
            with self.connect(Session()) as connection:
                connection.run(FLUSH)
        except PlatformError as error:
            logger.warning("the log is not flushed", extra={"reason": str(error)})
            return False
        return True

    @contextmanager
    def read(self, snapshot: Snapshot, scope: Scope, is_flushed: bool) -> Iterator[Captured]:
        """Read the log up to the snapshot. The logs of tables exist for the block.

        Raises SlotBusy.
        """
        with ExitStack() as files:
            captured = self._captured(files, snapshot, scope, is_flushed)
            yield captured
            for name, log in captured.logs.items():
                if log.unlogged:
                    extra = {"table": name, "rows": log.unlogged}
                    logger.warning("changed rows are not in the log", extra=extra)

    def committed(self, batch: Batch) -> None:
        """Let the slot begin at the position of ``batch``, which is committed. A failure leaves
        the slot behind, and the next poll reads some transactions again."""
        self.is_committed = True
        slot, following = self.prepared.slot, batch.capture
        if following is None or slot is None or lsn(following.position) <= slot.position:
            return
        try:
            with self.connect(Session(statement_timeout=READ_TIMEOUT)) as connection:
                advance_slot(connection, self.prepared.access, lsn(following.position))
        except PlatformError as error:
            logger.warning("the replication slot stays behind", extra={"reason": str(error)})

    def discard(self) -> None:
        """Drop the slot, whose log cannot be read: the next poll creates another one."""
        try:
            with self.connect(Session()) as connection:
                drop_slot(connection, self.prepared.access)
        except PlatformError as error:
            logger.warning("the slot cannot be dropped", extra={"reason": str(error)})

    def _captured(
        self, files: ExitStack, snapshot: Snapshot, scope: Scope, is_flushed: bool
    ) -> Captured:
        slot = self.prepared.slot
        doubt = find_doubt(self.prepared, self.before, snapshot, scope, is_flushed)
        is_usable, begins = self._is_usable(snapshot), bool(doubt)
        read = ReadLog({}, slot.position if slot else 0)
        if not doubt and not isinstance(scope, NoRead):
            try:
                read = self._read(files, snapshot)
            except UnreadableLog as error:
                doubt, is_usable = f"the log cannot be read: {error}", False
                self.discard()
            except LogUnavailable as error:
                doubt = str(error)
            except SlotBusy:
                raise
            except PlatformError as error:
                logger.warning("the log is not read", extra={"reason": str(error)})
                doubt = "the connection for the log failed"
        if doubt and self.head:
            logger.warning("gap in the log", extra={"reason": doubt})
        following = self._following(snapshot, read.position, is_flushed) if is_usable else None
        return Captured(
            read.tables,
            tuple(find_gaps(self.source, self.prepared, self.head, doubt)) if self.head else (),
            following,
            is_due=self._is_due(following, snapshot, begins),
        )

    def _is_usable(self, snapshot: Snapshot) -> bool:
        """Return whether the next batch can be captured from this one."""
        slot = self.prepared.slot if self.prepared.publication else None
        return slot is not None and slot.position > 0 and snapshot.insert_lsn is not None

    def _read(self, files: ExitStack, snapshot: Snapshot) -> ReadLog:
        before, publication = self.before, self.prepared.publication
        assert before  # nosec B101 # otherwise there is a doubt
        assert publication  # nosec B101 # as above
        tables = captured_tables(self.prepared, before)
        interval = LogInterval(self.source, publication, before, snapshot, tables)
        return read_log(files, self.connect, self.prepared.access, interval)

    def _following(self, snapshot: Snapshot, position: int, is_flushed: bool) -> Capture:
        slot, publication = self.prepared.slot, self.prepared.publication
        assert slot  # nosec B101 # otherwise the log cannot be used
        assert publication  # nosec B101 # as above
        return Capture(
            snapshot=snapshot.visible,
            slot=slot.name,
            position=as_text(max(position, slot.position)),
            publication=publication.oid,
            server_start=slot.server_start,
            tables=publication.captured,
            is_durable=is_flushed,
        )

    def _is_due(self, following: Capture | None, snapshot: Snapshot, begins: bool) -> bool:
        """Return whether a batch is due without a change: the log of all or of other tables can be
        read from here on, or the server retains much log that the slot does not need any more."""
        slot = self.prepared.slot
        if self.head is None or slot is None or following is None or not following.is_durable:
            return False
        if begins or self.before is None:
            return True
        held = lsn(snapshot.insert_lsn or "0/0") - slot.position
        is_held = held > MOST_HELD and lsn(following.position) > slot.position
        return self.before.tables != following.tables or is_held


@contextmanager
def open_capture(
    connection: Connection, source: Source, head: Batch | None, run: str, options: CaptureOptions
) -> Iterator[LogCapture | None]:
    """Prepare the capture of the batch that follows ``head``, for the block: None by difference.

    The slot is named after the lake. Unless the first poll of a lake commits, it drops its slot.
    """
    if options.method == "difference":
        yield None
        return
    default, xmax = slot_name(head.lake if head else run), head.position.xmax if head else 0
    prepared = prepare(connection, source, options, default, xmax)
    capture = LogCapture(source, head, prepared, connection.another)
    try:
        yield capture
    except PlatformError:
        extra = {"slot": prepared.access.slot, "retained_bytes": capture.retained}
        logger.warning("the replication slot stays where it is", extra=extra)
        raise
    finally:
        if prepared.is_new and head is None and not capture.is_committed and not options.slot:
            capture.discard()
