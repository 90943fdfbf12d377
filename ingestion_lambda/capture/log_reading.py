"""Read the log between two batches into the images of its tables."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import NamedTuple

from pg8000.exceptions import DatabaseError

from contracts import Source
from ingestion_lambda.capture.doubt import MOVED
from ingestion_lambda.capture.images import Images
from ingestion_lambda.capture.preparation import find_remedy
from ingestion_lambda.capture.table_log import TableLog
from ingestion_lambda.errors import SlotBusy
from ingestion_lambda.source.log.access import SlotAccess
from ingestion_lambda.source.log.messages import LogUnavailable, UnreadableLog
from ingestion_lambda.source.log.publication import Problem, Publication
from ingestion_lambda.source.log.reader import LogReader
from ingestion_lambda.source.log.slot import BUSY_TIMEOUT, INTERVAL, find_slot, is_busy, lsn
from ingestion_lambda.source.log.spool import spool_log
from ingestion_lambda.source.log.transactions import Interval, Visibility
from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Capture
from postgres import Connection, Session, sqlstate, sqlstate_message

READ_TIMEOUT = 60.0
"""Seconds, half of the function's default timeout. A gigabyte of other tables takes about 7."""

NOT_GRANTED = "42501"
UNREADABLE = ("57014", "55000", "58P01", "42704")
"""The SQLSTATEs with which a server refuses this log for ever: it takes longer than READ_TIMEOUT,
was removed, or is older than the publication. Internal errors (XX) belong to them, too."""

Connect = Callable[[Session], AbstractContextManager[Connection]]

logger = logging.getLogger(__name__)


class ReadLog(NamedTuple):
    """The logs of the tables, and the position that the slot may be advanced to."""

    tables: Mapping[str, TableLog]
    position: int


@dataclass(frozen=True)
class LogInterval:
    """The changes of ``tables`` since the batch of ``before``, as ``snapshot`` sees them."""

    source: Source
    publication: Publication
    before: Capture
    snapshot: Snapshot
    tables: frozenset[str]

    @property
    def end(self) -> str:
        """The LSN at which the log ends that the snapshot sees."""
        return self.snapshot.insert_lsn or "0/0"

    def reader(self, images: Mapping[str, Images]) -> LogReader:
        """Return the reader that writes the images of each table."""
        visible = (Visibility.parse(each) for each in (self.before.snapshot, self.snapshot.visible))
        return LogReader(
            Interval(*visible),
            {oid: images[t] for oid, t in self.publication.tables.items() if t in images},
            self.snapshot.types,
            self.publication.partitions,
        )


def read_log(
    files: ExitStack, connect: Connect, access: SlotAccess, interval: LogInterval
) -> ReadLog:
    """Read the changes of the interval. The files of the logs exist as long as ``files``.

    Raises UnreadableLog, LogUnavailable, SlotBusy, or what a connection raises.
    """
    tables = interval.source.tables
    images = {name: files.enter_context(Images(tables[name])) for name in interval.tables}
    reader = interval.reader(images)
    session = Session(interval.source.timezone, search_path=(), statement_timeout=READ_TIMEOUT)
    with connect(session) as connection:
        _read_spooled(connection, access, interval.end, reader)
        _check_not_moved(connection, interval.before)
    for image in images.values():
        image.close()
    logger.info("log read", extra={"transactions": len(reader.committed_at)})
    logs = {table: TableLog(image, reader.committed_at) for table, image in images.items()}
    end = lsn(interval.end)
    return ReadLog(logs, end if reader.pending is None else min(end, reader.pending))


def _read_spooled(connection: Connection, access: SlotAccess, upto: str, reader: LogReader) -> None:
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            with spool_log(connection, access, upto) as file:
                return reader.read(file)
        except OSError as error:  # of the temporary file
            raise UnreadableLog(error.strerror or str(error)) from error
        except DatabaseError as error:
            if not is_busy(error):
                raise _refused(connection, access, error) from error
            if time.monotonic() > deadline:
                raise SlotBusy(_busy(access.slot, error)) from None
            time.sleep(INTERVAL)


def _check_not_moved(connection: Connection, before: Capture) -> None:
    """Refuse what was read if the slot was moved, or created again, since it was found."""
    slot = find_slot(connection, before.slot)
    if slot is None or not 0 < slot.position <= lsn(before.position):
        raise LogUnavailable(MOVED)


def _refused(
    connection: Connection, access: SlotAccess, error: DatabaseError
) -> UnreadableLog | LogUnavailable:
    """Return the doubt. A right that is missing is logged with its remedy."""
    state, reason = sqlstate(error), sqlstate_message(error)
    if state == NOT_GRANTED:
        problem = Problem(reason, find_remedy(connection, access, state))
        logger.warning("the log is not read", extra={"reason": str(problem)})
    is_for_ever = state in UNREADABLE or state.startswith("XX")
    return UnreadableLog(reason) if is_for_ever else LogUnavailable(reason)


def _busy(slot: str, error: DatabaseError) -> str:
    return (
        f"Another session reads the replication slot {slot}: {sqlstate_message(error)}. Nothing was"
        " committed; the next poll tries again. To fix: if it is not another poll of this lake, end"
        " that session, or give this lake a slot of its own with --slot."
    )
