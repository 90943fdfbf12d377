"""Writes to the simulated source in a thread, while the platform runs beside it."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Lock
from time import monotonic

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from contracts import PlatformError
from postgres import Address, Refused, Unreachable, connected, sqlstate
from totesys.simulator import Simulator

RECONNECT = 1.0  # seconds
SHUTDOWN = "57P"  # SQLSTATEs of a server that stops or starts
HISTORY_DAYS, SPREAD_DAYS = 60, 83
"""The working days of the history, and the days over which new orders are spread: twelve weeks."""

EXISTS = "select to_regclass('public.sales_order') is not null"
LAST_KEY = "select coalesce(max(transaction_id), 0) from transaction"


class BackgroundWriter:
    """The changes that were written since `take` was last called."""

    def __init__(self) -> None:
        self._lock, self._changes = Lock(), list[str]()
        self._oldest: float | None = None

    def note(self, change: str) -> None:
        """Note that a change was committed."""
        with self._lock:
            self._changes.append(change)
            self._oldest = self._oldest or monotonic()

    def take(self) -> tuple[list[str], float | None]:
        """Return the changes since the last call, and the monotonic time of the first (or None)."""
        with self._lock:
            changes, oldest = self._changes, self._oldest
            self._changes, self._oldest = [], None
            return changes, oldest


def prepare(address: Address, orders: int) -> bool:
    """Create and seed the source, unless it exists and has rows; return whether it was seeded."""
    with connected(address, "simulator") as connection:
        [[exists]] = connection.run(EXISTS)
        if not exists:
            Simulator(connection).create_schema()
        if _last_key(connection):
            return False
        today = datetime.now(UTC).date()  # the source's zone
        Simulator(connection).seed(orders, until=today, days=HISTORY_DAYS)
        return True


@contextmanager
def background_writer(address: Address, rate: float, stopping: Event) -> Iterator[BackgroundWriter]:
    """Write ``rate`` changes a minute during the block, or until ``stopping`` is set.

    The writer connects again if the source goes away. Another failure of the writer sets
    ``stopping``, and is raised at the end of the block.
    """
    writer = BackgroundWriter()
    with ThreadPoolExecutor(1, "simulator") as pool:
        end: Future[None] = pool.submit(_write, address, 60 / rate, stopping, writer)
        end.add_done_callback(lambda _: stopping.set())
        try:
            yield writer
        finally:
            stopping.set()
        end.result()


def _write(address: Address, pause: float, stopping: Event, writer: BackgroundWriter) -> None:
    while not stopping.is_set():
        try:
            _write_while_connected(address, pause, stopping, writer)
        except PlatformError as error:
            if not _has_gone_away(error):
                raise
            stopping.wait(RECONNECT)


def _has_gone_away(error: PlatformError) -> bool:
    """Return whether the server stops, starts, or does not answer."""
    cause = error.__cause__
    is_shutdown = isinstance(cause, DatabaseError) and sqlstate(cause).startswith(SHUTDOWN)
    return is_shutdown or isinstance(error, Unreachable | Refused)


def _write_while_connected(
    address: Address, pause: float, stopping: Event, writer: BackgroundWriter
) -> None:
    with connected(address, "simulator") as connection:
        # another seed makes other changes each time
        simulator = Simulator(connection, seed=_last_key(connection), spread=SPREAD_DAYS)
        while not stopping.wait(pause):
            writer.note(simulator.step())


def _last_key(connection: Connection) -> int:
    return int(connection.run(LAST_KEY)[0][0])
