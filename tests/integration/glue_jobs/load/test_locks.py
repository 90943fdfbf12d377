"""No load waits for ever: it names the sessions that block it, and the next one loads."""

import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from glue_jobs.load import connection as module
from glue_jobs.load import ledger
from glue_jobs.load.transaction import LoadResult, Target, load
from lake import new_run
from postgres import Connection, LockTimeout, Session, connected, from_dsn, locks, render, value
from tests.processed import ProcessedLake, calendar, star, version_row
from tests.sessions import PATIENCE, refusal, wait_until

LEDGER = "select batch_seq from etl.ledger order by 1"
WAITING = "select from pg_locks where not granted and pid <> pg_backend_pid()"
STAGING = "select count(*) from pg_tables where tablename like 'staging%'"
Load = Callable[[float], LoadResult]


@pytest.fixture
def analyst(connection: Connection, warehouse_dsn: str) -> Iterator[Connection]:
    """Return a connection of another role that may lock rows."""
    name, password = f"analyst_{secrets.token_hex(4)}", secrets.token_hex(8)
    connection.run(render(
        "create role {name} login password {password};"
        " grant usage on schema warehouse, etl to {name};"
        " grant select, update on all tables in schema warehouse, etl to {name}",
        name=name, password=value(password),
    ))  # fmt: skip
    address = replace(from_dsn(warehouse_dsn), user=name, password=password)
    with connected(address, "notebook") as analyst:
        yield analyst
    connection.run(render("drop owned by {name}; drop role {name}", name=name))


@pytest.fixture
def loaded_once(
    connection: Connection,
    tmp_path: Path,
    warehouse_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Load:
    """Load a batch, let a second one be pending, and return a function that loads it. It waits for
    a lock for so many seconds."""
    assert connection.run(LEDGER) == []
    processed = ProcessedLake(tmp_path)
    target = Target(from_dsn(warehouse_dsn), "warehouse")

    def load_within(limit: float) -> LoadResult:
        monkeypatch.setattr(module, "SESSION", Session(lock_timeout=limit))
        monkeypatch.setattr(ledger, "LOCK_TIMEOUT", f"{limit} s")
        return load(processed.lake, target, new_run())

    monkeypatch.setattr(locks, "INTERVAL", 0.1)
    processed.add({**star(), "fact_sales_order": [version_row(1, 1)]})
    load_within(PATIENCE)
    processed.add({**calendar(), "fact_sales_order": [version_row(2, 2)]})
    return load_within


@pytest.mark.parametrize(
    ("statement", "target"),
    [
        ("select * from warehouse.dim_design for update", r"warehouse\.dim_design"),
        ("lock table warehouse.fact_sales_order in share mode", r"warehouse\.fact_sales_order"),
        ("lock table etl.ledger in access exclusive mode", r"etl\.ledger"),
    ],
)
def test_error_names_the_session_that_holds_a_lock_and_the_next_load_succeeds(
    connection: Connection, analyst: Connection, loaded_once: Load, statement: str, target: str
) -> None:
    connection.run("grant all on all tables in schema warehouse, etl to public")
    analyst.run(f"begin; {statement}")
    [[pid, user, since]] = analyst.run(
        "select pid, user, to_char(xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI')"
        " from pg_stat_activity where pid = pg_backend_pid()"
    )
    who = rf"pid {pid}, user {user}, application 'notebook', in a transaction since {since}"
    message = refusal(loaded_once, LockTimeout)
    assert re.search(f"a lock on {target}, held by {who}.+idle in transaction", message)
    assert connection.run(STAGING) == [[0]]
    analyst.run("rollback")
    assert connection.run(LEDGER) == [[1]]
    assert loaded_once(PATIENCE).through_seq == 2


def test_wait_for_another_load_has_a_limit(connection: Connection, loaded_once: Load) -> None:
    connection.run("begin")
    ledger.lock(connection)
    message = refusal(loaded_once, LockTimeout)
    assert re.search(r"a lock on etl\.ledger, held by pid .+ application 'tests'", message)
    connection.run("rollback")
    assert loaded_once(PATIENCE).through_seq == 2


def test_prepared_transaction_is_named(connection: Connection, loaded_once: Load) -> None:
    connection.run("begin; select * from warehouse.dim_design for update")
    connection.run("prepare transaction 'forgotten'")
    assert "held by a prepared transaction" in refusal(loaded_once, LockTimeout)
    connection.run("rollback prepared 'forgotten'")
    assert loaded_once(PATIENCE).through_seq == 2


def test_short_wait_for_a_lock_is_no_error(
    loaded_once: Load, connection: Connection, analyst: Connection
) -> None:
    def release() -> None:
        wait_until(analyst, WAITING)
        analyst.run("rollback")

    analyst.run("begin; select * from warehouse.dim_design for update")
    with ThreadPoolExecutor(1) as thread:
        released = thread.submit(release)
        assert loaded_once(PATIENCE).through_seq == 2
        released.result()
    assert connection.run(LEDGER) == [[1], [2]]
