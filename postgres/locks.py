"""Waits for locks: their limit, and the sessions that hold the lock."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread

from pg8000.exceptions import DatabaseError, InterfaceError

from contracts.errors import PlatformError
from postgres.driver import Connection
from postgres.encoding import stored, stored_name
from postgres.sql import Sql, render, value

LOCK_NOT_AVAILABLE = "55P03"
INTERVAL = 1.0
"""Seconds after which a statement that still runs is observed, and between two observations."""

# A session that waits for a row waits for a transaction id, and has a lock on the tuple.
BLOCKERS = """
select blocker, {user}, holder.application_name, holder.state,
    holder.xact_start at time zone 'UTC', {target}
from pg_stat_activity as waiter
cross join unnest(pg_blocking_pids(waiter.pid)) as blocker
left join pg_stat_activity as holder on holder.pid = blocker
where {is_waiter}
"""
# The key of an advisory lock on a table is the oid of the table.
TARGET = """(
    select string_agg(distinct coalesce(
        'a lock on ' || coalesce(relation, advised.oid)::regclass::text,
        case locktype when 'advisory' then 'an advisory lock' end, 'a lock'
    ), ', ')
    from pg_locks
    left join pg_class as advised
        on locktype = 'advisory' and classid = 0 and advised.oid = objid and objsubid = 1
    where pg_locks.pid = waiter.pid and (not granted or locktype = 'tuple')
        and locktype <> 'transactionid'
)"""
# A pooler hides the process that runs a statement, but passes on the name of the application.
IS_WAITER = "waiter.pid = {pid}"
IS_POOLED_WAITER = """
waiter.application_name = {application} and waiter.usename = current_user
    and waiter.datname = current_database()
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Blocker:
    """A session that blocks another one. A prepared transaction has ``pid`` 0 and no session. A
    role without pg_read_all_stats does not see the state and the start of other transactions."""

    pid: int
    user: str
    application: str | None
    state: str | None
    since: datetime | None
    target: str

    def __str__(self) -> str:
        if not self.pid:
            return "a prepared transaction (see pg_prepared_xacts)"
        since = f"{self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else "an unknown time"
        return (
            f"pid {self.pid}, user {self.user}, application '{self.application}', in a transaction"
            f" since {since} ({self.state or 'unknown state'})"
        )


def waited_for(refusal: DatabaseError) -> str:
    """Return which lock a statement waited for and who holds it, of an error that ended the wait
    in a block of ``observed``."""
    blockers = getattr(refusal, "blockers", ())
    target = next((blocker.target for blocker in blockers if blocker.target), "a lock")
    holders = "; ".join(map(str, blockers)) or "another session (see pg_stat_activity)"
    return f"{target}, held by {holders}"


@contextmanager
def local_lock_timeout(connection: Connection, timeout: str) -> Iterator[None]:
    """Set another lock timeout for the block, within a transaction."""
    [[before]] = connection.run("select current_setting('lock_timeout')")
    connection.run(render("set local lock_timeout = {timeout}", timeout=value(timeout)))
    yield
    connection.run(render("set local lock_timeout = {timeout}", timeout=value(before)))


@contextmanager
def observed(
    connection: Connection, application: str, connect: Callable[[], Connection]
) -> Iterator[None]:
    """Find the sessions that block a statement of the block, in a session of its own that
    ``connect`` opens if a statement runs for longer than INTERVAL."""
    ended = Event()
    thread = Thread(target=_observe, args=(connection, application, connect, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(INTERVAL)  # behind a full pooler it waits for a connection that we hold


def _observe(
    connection: Connection, application: str, connect: Callable[[], Connection], ended: Event
) -> None:
    try:
        while not ended.wait(INTERVAL):
            if connection.statement.has_run_for(INTERVAL):
                with closing(connect()) as report:
                    _observe_from(report, connection, _query(connection, application), ended)
    except (PlatformError, DatabaseError, InterfaceError, OSError) as error:
        logger.info("blocking sessions are not visible", extra={"reason": str(error)})


def _observe_from(report: Connection, connection: Connection, query: Sql, ended: Event) -> None:
    """Observe the statement that runs until it ends. An observation that returns later is of no
    other statement."""
    while (statement := connection.statement).has_run_for(INTERVAL) and not ended.is_set():
        statement.blockers = _blockers(report, query) or statement.blockers
        ended.wait(INTERVAL)


def _query(connection: Connection, application: str) -> Sql:
    is_waiter = (
        render(IS_POOLED_WAITER, application=value(application))
        if connection.is_pooled
        else render(IS_WAITER, pid=connection.pid)
    )
    user, target = stored("holder.usename::text"), stored(TARGET)
    return render(BLOCKERS, user=user, target=target, is_waiter=is_waiter)


def _blockers(report: Connection, query: Sql) -> list[Blocker]:
    return [
        Blocker(pid, _text(report, user), application, state, since, _text(report, target))
        for pid, user, application, state, since, target in report.run(query)
    ]


def _text(report: Connection, name: bytes | None) -> str:
    return "" if name is None else stored_name(report, name)
