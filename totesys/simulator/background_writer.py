"""Writes to the simulated source in a thread, while the platform runs beside it."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Lock
from time import monotonic

from pg8000.native import Connection

from postgres import Address, connected
from totesys.simulator import Simulator

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


def prepare(address: Address, orders: int) -> None:
    """Create and seed the source, unless it exists and has rows."""
    with connected(address, "simulator") as connection:
        [[exists]] = connection.run(EXISTS)
        if not exists:
            Simulator(connection).create_schema()
        if not _last_key(connection):
            Simulator(connection).seed(orders, until=datetime.now(UTC).date())  # the source's zone


@contextmanager
def background_writer(address: Address, rate: float, stopping: Event) -> Iterator[BackgroundWriter]:
    """Write ``rate`` changes a minute during the block, or until ``stopping`` is set.

    A failure of the writer sets ``stopping``, and is raised at the end of the block.
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
    with connected(address, "simulator") as connection:
        simulator = Simulator(connection, seed=_last_key(connection))  # other changes each time
        while not stopping.wait(pause):
            writer.note(simulator.step())


def _last_key(connection: Connection) -> int:
    return int(connection.run(LAST_KEY)[0][0])
