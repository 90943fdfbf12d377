"""A source that goes on living, in a thread beside those who watch it."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from threading import Event, Lock
from time import monotonic

from pg8000.native import Connection

from postgres import Address, connected
from totesys.simulator import Simulator

IS_MADE = "select to_regclass('public.sales_order') is not null"
LAST_KEY = "select coalesce(max(transaction_id), 0) from transaction"


class ChangeLog:
    """What has happened since somebody last asked."""

    def __init__(self) -> None:
        self._lock, self._told = Lock(), list[str]()
        self._oldest: float | None = None

    def note(self, told: str) -> None:
        """Something happened."""
        with self._lock:
            self._told.append(told)
            self._oldest = self._oldest or monotonic()

    def take(self) -> tuple[list[str], float | None]:
        """What happened since the last time, and when the first of it did."""
        with self._lock:
            told, oldest = self._told, self._oldest
            self._told, self._oldest = [], None
            return told, oldest


def prepare(address: Address, orders: int) -> None:
    """Make the source and fill it, unless it was done before."""
    with connected(address, "simulator") as connection:
        [[is_made]] = connection.run(IS_MADE)
        if not is_made:
            Simulator(connection).create_schema()
        if not _last_key(connection):
            Simulator(connection).seed(orders, until=date.today())  # noqa: DTZ011 - one machine


@contextmanager
def living(address: Address, rate: float, stopping: Event) -> Iterator[ChangeLog]:
    """A source in which ``rate`` things happen a minute, during the block or until ``stopping``,
    which its failure sets too."""
    live = ChangeLog()
    with ThreadPoolExecutor(1, "simulator") as pool:
        ended: Future[None] = pool.submit(_live, address, 60 / rate, stopping, live)
        ended.add_done_callback(lambda _: stopping.set())
        try:
            yield live
        finally:
            stopping.set()
        ended.result()


def _live(address: Address, pause: float, stopping: Event, live: ChangeLog) -> None:
    with connected(address, "simulator") as connection:
        simulator = Simulator(connection, seed=_last_key(connection))  # never the same day again
        while not stopping.wait(pause):
            live.note(simulator.step())


def _last_key(connection: Connection) -> int:
    return int(connection.run(LAST_KEY)[0][0])
