"""Polls of Aurora PostgreSQL, whose WAL functions fail."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from embedded.server import Server, running
from ingestion_lambda.errors import AnotherSource
from ingestion_lambda.source import snapshot
from ingestion_lambda.source.scope import MARGIN
from lake import open_lake
from lake.entries import Position
from postgres import Refused, Sql, Unreachable, connected, from_dsn, render
from tests.aurora import make_aurora
from tests.conftest import UNSAFE_AND_FAST
from tests.integration.ingestion_lambda.conftest import Pipeline
from tests.sessions import PATIENCE
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime


@pytest.fixture
def aurora(pipeline: Pipeline, source: Connection) -> Pipeline:
    make_aurora(source)
    return pipeline


def test_poll_of_aurora_lands_changes_and_advances_the_horizon(
    aurora: Pipeline, source: Connection, simulator: Simulator
):
    with pytest.raises(DatabaseError, match="55000"):
        source.run("SELECT pg_current_wal_lsn()")
    assert aurora.poll().changes["payment"]["I"] == 40
    simulator.edit_sales_order_silently()
    assert aurora.poll().changes == {"sales_order": {"I": 0, "U": 1, "D": 0}}
    assert aurora.poll().changes == {}
    head = aurora.lake.batches.head()
    assert head
    assert head.position.horizon == head.position.xmin


def test_differences_after_a_restart_of_aurora_are_those_of_another_source_if_they_are_many(
    aurora: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    """Nothing but the start of the server tells one cluster of Aurora from another."""
    aurora.poll()
    with monkeypatch.context() as an_hour:
        restart(an_hour, "1 hour")
        assert aurora.poll().seq == 2, "the restart is recorded, so that the next poll reads less"
    restart(monkeypatch, "2 hours")
    for table in ("payment", "transaction", "sales_order", "purchase_order"):
        source.run(render("UPDATE {table} SET last_updated = now()", table=table))
    with pytest.raises(AnotherSource, match="--accept-source"):
        aurora.poll()


def restart(monkeypatch: pytest.MonkeyPatch, later: str) -> None:
    start = "pg_postmaster_start_time()"
    columns = snapshot.ON_AURORA.columns.replace(start, f"{start} + interval '{later}'")
    monkeypatch.setattr(snapshot, "ON_AURORA", replace(snapshot.ON_AURORA, columns=Sql(columns)))


@pytest.fixture
def crashing() -> Iterator[Server]:
    """A server of its own, because the other tests of the run need theirs."""
    directory = Path(tempfile.mkdtemp(prefix="totesys-crash-"))
    try:
        with running(directory, UNSAFE_AND_FAST) as server:
            yield server
    finally:
        shutil.rmtree(directory)


def test_ids_that_a_crash_of_aurora_takes_back_lose_no_row(crashing: Server, tmp_path: Path):
    crashing.create_database("totesys")
    lake = open_lake(f"file://{tmp_path}/ingestion", f"file://{tmp_path}/processed")
    pipeline = Pipeline(from_dsn(crashing.dsn("totesys")), lake, tmp_path)
    with connected(pipeline.address, "writer") as source:
        Simulator(source).create_schema()
        Simulator(source).seed(40)
        make_aurora(source)
        [[writer]] = source.run("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
        os.kill(writer, signal.SIGSTOP)  # what is not committed does not reach the disk
        roll_back_transactions(source, 3 * MARGIN)
        pipeline.poll()
        before = position(pipeline)
        os.kill(writer, signal.SIGKILL)
    wait_for_recovery(pipeline, writer)
    with connected(pipeline.address, "writer") as source:
        Simulator(source).edit_sales_order_silently()
        [[xmin]] = source.run("SELECT max(xmin::text::bigint) FROM sales_order")
        assert xmin < before.horizon - MARGIN, "the crash took ids back"
        roll_back_transactions(source, 4 * MARGIN)
    assert pipeline.poll().changes == {"sales_order": {"I": 0, "U": 1, "D": 0}}
    after = position(pipeline)
    assert after.xmax > before.xmax, "the ids alone do not show the crash"
    changed = {part for part, text in after.identity.items() if before.identity[part] != text}
    assert changed == {"server_start"}


def wait_for_recovery(pipeline: Pipeline, killed: int) -> None:
    """Wait until the server has seen that its process was killed, and answers again."""
    while Path(f"/proc/{killed}").exists():
        time.sleep(0.01)
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            with connected(pipeline.address, "writer") as source:
                source.run("SELECT")
                return
        except (Refused, Unreachable):  # while the server ends its sessions and recovers
            time.sleep(0.1)
    raise AssertionError(f"the server did not recover within {PATIENCE:.0f} s")


def position(pipeline: Pipeline) -> Position:
    head = pipeline.lake.batches.head()
    assert head
    return head.position


def roll_back_transactions(source: Connection, count: int) -> None:
    for _ in range(count):
        source.run("BEGIN")
        source.run("SELECT pg_current_xact_id()")
        source.run("ROLLBACK")
