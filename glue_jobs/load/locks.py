"""Transactions of the load, whose waits for locks are limited and reported."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Thread

from pg8000.exceptions import DatabaseError

from contracts.errors import PlatformError
from postgres import (
    SESSION,
    Address,
    Connection,
    LockTimeout,
    connected,
    render,
    sqlstate,
    transaction,
    value,
)

APPLICATION = "load_warehouse"
REPORT_APPLICATION = "load_warehouse lock report"
INTERVAL = 1.0  # seconds between two reports
LOCK_NOT_AVAILABLE = "55P03"

BLOCKERS = """
select blocker, usename, application_name, state, xact_start at time zone 'UTC', (
    select string_agg(distinct case when locktype = 'advisory' then 'the ledger'
        else coalesce(cast(cast(relation as regclass) as text), locktype) end, ', ')
    from pg_locks
    where pid = :pid and (not granted or locktype = 'tuple') and locktype <> 'transactionid'
)
from unnest(pg_blocking_pids(cast(:pid as int))) as blocker
left join pg_stat_activity as activity on activity.pid = blocker
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Blocker:
    """A session that blocks another one. A prepared transaction has ``pid`` 0 and no session. A
    role without pg_read_all_stats does not see the state and the start of other transactions."""

    pid: int
    user: str | None
    application: str | None
    state: str | None
    since: datetime | None
    target: str | None

    def __str__(self) -> str:
        if not self.pid:
            return "a prepared transaction (see pg_prepared_xacts)"
        since = f"{self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else "an unknown time"
        return (
            f"pid {self.pid}, user {self.user}, application '{self.application}', in a transaction"
            f" since {since} ({self.state or 'unknown state'})"
        )


@contextmanager
def local_lock_timeout(connection: Connection, timeout: str) -> Iterator[None]:
    """Set another lock timeout for the block, within a transaction."""
    [[before]] = connection.run("select current_setting('lock_timeout')")
    connection.run(render("set local lock_timeout = {timeout}", timeout=value(timeout)))
    yield
    connection.run(render("set local lock_timeout = {timeout}", timeout=value(before)))


@contextmanager
def load_transaction(address: Address) -> Iterator[Connection]:
    """Open a connection, and run the block as one transaction of it. If a statement exceeds the
    lock timeout, raise LockTimeout, which names the sessions that hold the lock."""
    with connected(address, APPLICATION, SESSION) as connection, transaction(connection):
        [[pid]] = connection.run("select pg_backend_pid()")
        with _observed(address, pid) as report:
            try:
                yield connection
            except DatabaseError as refusal:
                if sqlstate(refusal) != LOCK_NOT_AVAILABLE:
                    raise
                raise LockTimeout(_message(address, report.blockers)) from refusal


@dataclass
class _Report:
    ended: Event = field(default_factory=Event)
    blockers: Sequence[Blocker] = ()

    def observe(self, address: Address, pid: int) -> None:
        """Remember the latest blockers of the session until ``ended`` is set. A session that ends
        within the first interval is not observed."""
        if self.ended.wait(INTERVAL):
            return
        try:
            with connected(address, REPORT_APPLICATION) as connection:
                while not self.ended.is_set():
                    rows = connection.run(BLOCKERS, pid=pid)
                    self.blockers = [Blocker(*row) for row in rows] or self.blockers
                    self.ended.wait(INTERVAL)
        except PlatformError as error:
            logger.warning("blocking sessions are not visible", extra={"reason": str(error)})


@contextmanager
def _observed(address: Address, pid: int) -> Iterator[_Report]:
    report = _Report()
    thread = Thread(target=report.observe, args=(address, pid), daemon=True)
    thread.start()
    try:
        yield report
    finally:
        report.ended.set()
        thread.join(INTERVAL)  # behind a full pooler it waits for a connection that we hold


def _message(address: Address, blockers: Sequence[Blocker]) -> str:
    target = next((blocker.target for blocker in blockers if blocker.target), "the warehouse")
    holders = "; ".join(map(str, blockers)) or "another session (see pg_stat_activity)"
    return (
        f"The load at {address} waited too long for a lock on {target}, held by {holders}."
        " Nothing was loaded. To fix: end that transaction, with commit or rollback in its session"
        " or with pg_terminate_backend(pid); the next load tries again."
    )
