"""Other sessions of a server."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from contracts import PlatformError
from embedded.server import Server
from postgres import Connection, connected, from_dsn

PAUSE = 0.01  # seconds
PATIENCE = 60.0
"""Seconds to wait for what a busy server does in the background."""

LIMITS = (0.5, 5.0, PATIENCE)
"""Seconds of waits for a lock, one after another until one is observed."""

UNOBSERVED = "held by another session"


def wait_until(connection: Connection, query: str) -> None:
    """Wait until the query returns a row. Fails the test after PATIENCE."""
    give_up = time.monotonic() + PATIENCE
    while not connection.run(query):
        assert time.monotonic() < give_up, f"no row in {PATIENCE:.0f} s: {query}"
        time.sleep(PAUSE)


def refusal(wait: Callable[[float], object], error: type[PlatformError]) -> str:
    """Return the error of a wait for a lock. ``wait`` is called with a limit in seconds; on a busy
    machine a wait may end before it is observed, and a longer one follows."""
    message = UNOBSERVED
    for limit in LIMITS:
        if UNOBSERVED in message:
            with pytest.raises(error) as refused:
                wait(limit)
            message = str(refused.value)
    return message


def terminate(connection: Connection, pid: int) -> None:
    """End the session with this process id, and wait until it has ended."""
    # the function itself can wait since PostgreSQL 14 only
    connection.run("select pg_terminate_backend(:pid)", pid=pid)
    while connection.run("select pid from pg_stat_activity where pid = :pid", pid=pid):
        time.sleep(PAUSE)


@contextmanager
def refusing_connections(server: Server, dsn: str) -> Iterator[None]:
    """Let a database refuse new connections during the block."""
    name = from_dsn(dsn).database
    with connected(from_dsn(server.dsn("postgres")), "test") as administrator:
        administrator.run(f"alter database {name} allow_connections false")
        try:
            yield
        finally:
            administrator.run(f"alter database {name} allow_connections true")
