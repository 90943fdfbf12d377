"""Open the capture of a batch: by log, or by difference."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import ClassVar

from contracts import PlatformError, Source
from ingestion_lambda.capture.captured import NOTHING_CAPTURED, Captured
from ingestion_lambda.capture.log_capture import LogCapture
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.capture.preparation import prepare
from ingestion_lambda.capture.retained_wal import NO_WAL, RetainedWal, leftover_slots
from ingestion_lambda.source.log.slot import slot_name
from ingestion_lambda.source.scope import Scope
from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Batch
from postgres import Connection

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DifferenceCapture:
    """The capture of a batch by difference: it adds nothing. ``wal`` is that of slots which an
    earlier capture by log left, and ``slots`` are those not named after the lake."""

    wal: RetainedWal = NO_WAL
    slots: tuple[str, ...] = ()
    reads_log: ClassVar[bool] = False

    def widen(self, scope: Scope) -> Scope:
        """Return the scope as it is."""
        return scope

    def read(
        self, _connection: Connection, _snapshot: Snapshot, _scope: Scope
    ) -> AbstractContextManager[Callable[[], Captured]]:
        """Add nothing."""
        return nullcontext(lambda: NOTHING_CAPTURED)

    def committed(self, batch: Batch) -> None:
        """Do nothing."""


BatchCapture = DifferenceCapture | LogCapture


@contextmanager
def open_capture(
    connection: Connection, source: Source, head: Batch | None, lake: str, options: CaptureOptions
) -> Iterator[BatchCapture]:
    """Prepare the capture of the batch that follows ``head``, for the block.

    The slot is named after the lake. The first poll of a lake drops its slot if it fails; if it is
    killed, the next poll reads that slot.
    """
    default = slot_name(lake)
    of_lake = {default, options.slot or default, *_earlier(head)}
    if options.method == "difference":
        leftover = leftover_slots(connection, of_lake)
        yield DifferenceCapture(RetainedWal(leftover=leftover), _others(leftover, default))
        return
    prepared = prepare(connection, source, options, default, head.position.xmax if head else 0)
    slot = prepared.access.slot
    leftover = leftover_slots(connection, of_lake - {slot})
    capture = LogCapture(
        source, head, prepared, connection.another, leftover, _others({*leftover, slot}, default)
    )
    with ExitStack() as failing:
        if prepared.is_new and head is None and not options.slot:
            failing.callback(capture.abandon)
        try:
            yield capture
        except PlatformError:
            extra = {"slot": slot, "retained_bytes": capture.wal.bytes}
            logger.warning("the replication slot stays where it is", extra=extra)
            raise
        failing.pop_all()  # another poll that was first has the same slot


def _earlier(head: Batch | None) -> set[str]:
    """Return the slots that the polls before this one have read, as far as ``head`` knows."""
    if head is None:
        return set()
    return {*head.slots, head.capture.slot} if head.capture else {*head.slots}


def _others(slots: Iterable[str], default: str) -> tuple[str, ...]:
    return tuple(sorted({*slots} - {default}))
