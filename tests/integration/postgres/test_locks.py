"""Every wait for a lock has a limit, and its error names who holds what, and since when."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event

import pytest
from pg8000.exceptions import DatabaseError

from embedded.server import Server
from postgres import Address, Connection, LockTimeout, Session, connected, from_dsn, locks, value
from postgres.sql import Sql, render
from tests.pgbouncer import needs_pgbouncer, pgbouncer
from tests.sessions import LIMITS, PATIENCE, refusal, wait_until

pytestmark = pytest.mark.lambda_runtime

SINCE = """
select pid, usename, to_char(xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
from pg_stat_activity where pid = pg_backend_pid()
"""
SLEEPS = """
select from pg_stat_activity
where pid = {pid} and query like '%pg_sleep%' and state = 'active'
"""
TABLE_LOCK = "lock table waited_for"


@pytest.fixture
def address(server: Server, monkeypatch: pytest.MonkeyPatch) -> Address:
    monkeypatch.setattr(locks, "INTERVAL", 0.1)
    return from_dsn(server.dsn())


@contextmanager
def held(address: Address, statement: str) -> Iterator[str]:
    """Hold a lock for the block, and return how an error describes its session."""
    with connected(address, "a holder's tool") as holder:
        holder.run("create table waited_for (id int); insert into waited_for values (1)")
        holder.run(f"begin; {statement}")
        [[pid, user, since]] = holder.run(SINCE)
        yield (
            rf"held by pid {pid}, user {user}, application 'a holder's tool', in a transaction"
            rf" since {since} UTC \(idle in transaction\)\."
        )
        holder.run("rollback; drop table waited_for")


def wait(address: Address, statement: str, limit: float) -> None:
    with connected(address, "waiter", Session(lock_timeout=limit)) as waiter:
        waiter.run(statement)


@pytest.mark.parametrize(
    ("statement", "waiting", "target"),
    [
        (TABLE_LOCK, "select * from waited_for", "a lock on waited_for"),
        ("update waited_for set id = 2", "delete from waited_for", "a lock on waited_for"),
        (
            "select pg_advisory_xact_lock('waited_for'::regclass::oid::bigint)",
            "select pg_advisory_xact_lock('waited_for'::regclass::oid::bigint)",
            "a lock on waited_for",
        ),
        ("select pg_advisory_xact_lock(-7)", "select pg_advisory_lock(-7)", "an advisory lock"),
    ],
)
def test_wait_for_a_lock_names_who_holds_what_since_when(
    address: Address, statement: str, waiting: str, target: str
):
    with held(address, statement) as who:
        message = refusal(partial(wait, address, waiting), LockTimeout)
    assert re.search(rf"waiter at .+ waited too long for {target}, {who}", message)


@needs_pgbouncer
def test_wait_through_a_pooler_names_the_holder_too(address: Address):
    with held(address, TABLE_LOCK) as who, pgbouncer(address) as pooled:
        message = refusal(partial(wait, pooled, "select * from waited_for"), LockTimeout)
    assert re.search(f"a lock on waited_for, {who}", message)


def test_wait_that_was_not_observed_is_reported_with_the_remedy(
    address: Address, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(locks, "INTERVAL", 60.0)
    with (
        held(address, TABLE_LOCK),
        pytest.raises(
            LockTimeout, match=r"held by another session \(see pg_stat_activity\).+To fix: end"
        ),
        connected(address, "waiter", Session(lock_timeout=0.1)) as waiter,
    ):
        waiter.run("select * from waited_for")


def wait_observed(waiter: Connection) -> None:
    """Let a statement wait for a lock until its blocker is known."""
    for limit in LIMITS:
        waiter.run(render("set lock_timeout = {limit}", limit=value(f"{limit} s")))
        with pytest.raises(DatabaseError) as error:
            waiter.run("select * from waited_for")
        if "pid" in locks.waited_for(error.value):
            return
    raise AssertionError("no wait was observed")


def test_blocker_of_an_earlier_statement_is_not_named(address: Address):
    with held(address, TABLE_LOCK), connected(address, "waiter") as waiter:
        wait_observed(waiter)
        with pytest.raises(DatabaseError) as second:
            waiter.run("select 1 / 0")
        assert "another session" in locks.waited_for(second.value)


def test_observation_that_ends_after_its_statement_is_not_of_the_next_one(
    address: Address, monkeypatch: pytest.MonkeyPatch
):
    find, has_begun, is_next, is_noted = locks._blockers, Event(), Event(), Event()

    def find_late(report: Connection, query: Sql) -> list[locks.Blocker]:
        if is_next.is_set():  # the next statement is observed: what was found before is noted
            is_noted.set()
            return []
        found = find(report, query)
        has_begun.set()
        assert is_next.wait(PATIENCE)
        return found

    def end_when_noted(other: Connection, pid: int) -> None:
        wait_until(other, render(SLEEPS, pid=pid))
        is_next.set()
        assert is_noted.wait(PATIENCE)
        other.run(render("select pg_cancel_backend({pid})", pid=pid))

    monkeypatch.setattr(locks, "_blockers", find_late)
    with (
        held(address, TABLE_LOCK),
        connected(address, "waiter") as waiter,
        connected(address, "other") as other,
        ThreadPoolExecutor(1) as thread,
    ):
        for limit in LIMITS:
            waiter.run(render("set lock_timeout = {limit}", limit=value(f"{limit} s")))
            with pytest.raises(DatabaseError):
                waiter.run("select * from waited_for")
            if has_begun.is_set():
                break
        ended = thread.submit(end_when_noted, other, waiter.pid)
        with pytest.raises(DatabaseError) as error:
            waiter.run("select pg_sleep(3600)")
        ended.result()
        assert "another session" in locks.waited_for(error.value)


def test_statement_that_waits_for_no_lock_is_not_disturbed(address: Address):
    with connected(address, "sleeper") as connection, connected(address, "test") as other:
        assert connection.run("select 1 from pg_sleep(0.5)") == [[1]]
        assert connection.statement.blockers == ()
        report = "from pg_stat_activity where application_name = 'sleeper lock report'"
        wait_until(other, f"select where not exists (select {report})")


@needs_pgbouncer
def test_report_behind_a_full_pooler_delays_no_end_of_a_session(address: Address):
    """The pooler has one connection, which the session keeps. It lets the report wait for 2 min."""
    with (
        pgbouncer(address, default_pool_size="1", query_wait_timeout="120") as pooled,
        connected(pooled, "test") as connection,
    ):
        connection.run("begin")
        connection.run("select pg_sleep(0.5)")
        began = time.monotonic()
    assert time.monotonic() - began < PATIENCE


def run_bytes(connection: Connection, statement: bytes) -> None:
    execute = "do $$ begin execute convert_from({statement}, 'SQL_ASCII'); end $$"
    connection.run(render(execute, statement=value("\\x" + statement.hex())))


def lock_cafe(address: Address, limit: float) -> None:
    with connected(address, "waiter", Session(lock_timeout=limit)) as waiter:
        waiter.run("set client_encoding to SQL_ASCII")  # of the error, which quotes the name
        run_bytes(waiter, b"lock table caf\xe9")


def test_name_of_a_locked_table_that_is_not_text_is_shown_all_the_same(
    server: Server, address: Address
):
    create = "create database ascii_only encoding 'SQL_ASCII' template template0 locale 'C'"
    with connected(address, "tests") as connection:
        connection.run(Sql(create))
    ascii_only = from_dsn(server.dsn("ascii_only"))
    try:
        with connected(ascii_only, "holder") as holder:
            run_bytes(holder, b"create table caf\xe9 (id int)")
            holder.run("begin")
            run_bytes(holder, b"lock table caf\xe9")
            message = refusal(partial(lock_cafe, ascii_only), LockTimeout)
        assert 'a lock on "caf\ufffd", held by pid' in message
    finally:
        server.drop_database("ascii_only")
