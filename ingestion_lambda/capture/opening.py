"""Open the capture of a batch: by log, or by difference."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from contracts import PlatformError, Source
from ingestion_lambda.capture.captured import NOTHING_CAPTURED, Captured
from ingestion_lambda.capture.log_capture import LogCapture
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.capture.preparation import prepare
from ingestion_lambda.capture.retained_wal import NO_WAL, RetainedWal, leftover_slots
from ingestion_lambda.source.log.access import FUNCTIONS_SLOT
from ingestion_lambda.source.log.slot import slot_name
from ingestion_lambda.source.scope import Scope
from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Batch
from postgres import Connection

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DifferenceCapture:
    """The capture of a batch by difference: it adds nothing. ``wal`` is that of slots which an
    earlier capture by log left."""

    wal: RetainedWal = NO_WAL

    def widen(self, scope: Scope) -> Scope:
        """Return the scope as it is."""
        return scope

    def read(
        self, _connection: Connection, _snapshot: Snapshot, _scope: Scope
    ) -> AbstractContextManager[Captured]:
        """Add nothing."""
        return nullcontext(NOTHING_CAPTURED)

    def committed(self, batch: Batch) -> None:
        """Do nothing."""


BatchCapture = DifferenceCapture | LogCapture


@contextmanager
def open_capture(
    connection: Connection, source: Source, head: Batch | None, run: str, options: CaptureOptions
) -> Iterator[BatchCapture]:
    """Prepare the capture of the batch that follows ``head``, for the block.

    The slot is named after the lake. Unless the first poll of a lake commits, it drops its slot.
    """
    default = slot_name(head.lake if head else run)
    of_lake = {default, options.slot or default, FUNCTIONS_SLOT}
    if options.method == "difference":
        yield DifferenceCapture(RetainedWal(leftover=leftover_slots(connection, of_lake)))
        return
    prepared = prepare(connection, source, options, default, head.position.xmax if head else 0)
    leftover = leftover_slots(connection, of_lake - {prepared.access.slot})
    capture = LogCapture(source, head, prepared, connection.another, leftover)
    try:
        yield capture
    except PlatformError:
        extra = {"slot": prepared.access.slot, "retained_bytes": capture.wal.bytes}
        logger.warning("the replication slot stays where it is", extra=extra)
        raise
    finally:
        if prepared.is_new and head is None and not capture.is_committed and not options.slot:
            capture.discard()
