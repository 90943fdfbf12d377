"""Capture by log: read the log of a batch, and let the slot move after its commit.

A doubt about the log makes a gap: the versions of that interval are the difference of the batches.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from contracts import PlatformError, Source
from ingestion_lambda.capture.captured import UNEXPLAINED, Captured
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
from ingestion_lambda.capture.preparation import FLUSH, Prepared
from ingestion_lambda.capture.retained_wal import RetainedWal
from ingestion_lambda.errors import SlotBusy
from ingestion_lambda.source.log.messages import LogUnavailable, UnreadableLog
from ingestion_lambda.source.log.slot import advance_slot, as_text, drop_slot, lsn
from ingestion_lambda.source.scope import FullRead, NoRead, Scope
from ingestion_lambda.source.snapshot import Snapshot, is_flushed
from lake.entries import Batch, Capture
from postgres import Connection, Session
from postgres.errors import Refused, Unreachable, Unverified

MOST_HELD = 64 << 20
"""Bytes of log after the slot's position, from which on a batch without changes lets it move."""

NOT_CONNECTED = (Unreachable, Refused, Unverified)
NO_CONNECTION, NOT_READ = "the connection for the log failed", "the log was not read"

logger = logging.getLogger(__name__)


@dataclass
class LogCapture:
    """The capture of the batch that follows ``head``. ``leftover`` are slots that polls do not
    read any more, and ``slots`` all of the lake that are not named after it."""

    source: Source
    head: Batch | None
    prepared: Prepared
    connect: Connect
    leftover: Mapping[str, int] = field(default_factory=dict)
    slots: tuple[str, ...] = ()
    is_committed: bool = False
    reads_log: ClassVar[bool] = True

    @property
    def before(self) -> Capture | None:
        """The point from which the batch is captured, None if the log since then is not known."""
        return self.head.capture if self.head else None

    @property
    def wal(self) -> RetainedWal:
        """The WAL that the source retains for the slots of the lake."""
        slot = self.prepared.slot
        return RetainedWal(slot.retained if slot else 0, self.leftover)

    def widen(self, scope: Scope) -> Scope:
        """Return a full read if the source may have gone back in time or lost transactions that
        the batch before saw, otherwise ``scope``."""
        if isinstance(scope, FullRead) and scope.instead_of is None:
            return scope
        return FullRead(WENT_BACK) if has_gone_back(self.prepared, self.before) else scope

    @contextmanager
    def read(
        self, connection: Connection, snapshot: Snapshot, scope: Scope
    ) -> Iterator[Callable[[], Captured]]:
        """Read the log up to the snapshot, which ``connection`` has, on another connection and
        thread. What is yielded waits for that, and raises SlotBusy. The logs of tables exist for
        the block."""
        is_durable = self._is_durable(connection, snapshot, scope)
        with ExitStack() as files, ThreadPoolExecutor(1) as thread:
            captured = thread.submit(self._captured, files, snapshot, scope, is_durable)
            yield captured.result
            self._warn_of_unexplained(captured.result())

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

    def abandon(self) -> None:
        """Drop the slot of a first batch, unless it is committed."""
        if not self.is_committed:
            self.discard()

    def _is_durable(self, connection: Connection, snapshot: Snapshot, scope: Scope) -> bool:
        """Return whether the log is on the source's disk. It is written there if need be, but not
        by a poll that reads nothing: the transaction for it would cost the next poll."""
        return is_flushed(connection, snapshot) or (not isinstance(scope, NoRead) and self._flush())

    def _flush(self) -> bool:
        """Let the source write its log to disk, and return whether it did. A commit does that; the
        writer of a quiet server may sleep for 5 s."""
        try:
            with self.connect(Session()) as connection:
                connection.run(FLUSH)
        except PlatformError as error:
            logger.warning("the log is not flushed", extra={"reason": str(error)})
            return False
        return True

    def _warn_of_unexplained(self, captured: Captured) -> None:
        for name in captured.unexplained:
            rows = captured.logs[name].unexplained
            logger.warning(UNEXPLAINED, extra={"table": name, "rows": rows})

    def _captured(
        self, files: ExitStack, snapshot: Snapshot, scope: Scope, is_durable: bool
    ) -> Captured:
        slot = self.prepared.slot
        doubt = find_doubt(self.prepared, self.before, snapshot, scope, is_durable)
        is_usable, begins = self._is_usable(snapshot), bool(doubt)
        read = ReadLog({}, slot.position if slot else 0)
        if not doubt and (not isinstance(scope, NoRead) or self._is_much_held(snapshot)):
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
                doubt = NO_CONNECTION if isinstance(error, NOT_CONNECTED) else NOT_READ
        if doubt and self.head:
            logger.warning("gap in the log", extra={"reason": doubt})
        following = self._following(snapshot, read.position, is_durable) if is_usable else None
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

    def _following(self, snapshot: Snapshot, position: int, is_durable: bool) -> Capture:
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
            is_durable=is_durable,
        )

    def _is_due(self, following: Capture | None, snapshot: Snapshot, begins: bool) -> bool:
        """Return whether a batch is due without a change: the log of all or of other tables can be
        read from here on, or the server retains much log that the slot does not need any more."""
        slot = self.prepared.slot
        if self.head is None or slot is None or following is None or not following.is_durable:
            return False
        if begins or self.before is None:
            return True
        moves = self._is_much_held(snapshot) and lsn(following.position) > slot.position
        return self.before.tables != following.tables or moves

    def _is_much_held(self, snapshot: Snapshot) -> bool:
        """Return whether there is much log after the slot's position. Then it is read even if no
        transaction has ended, as when only VACUUM wrote: a position that was not read may be
        beyond a transaction that the snapshot did not see."""
        slot = self.prepared.slot
        return slot is not None and lsn(snapshot.insert_lsn or "0/0") - slot.position > MOST_HELD
