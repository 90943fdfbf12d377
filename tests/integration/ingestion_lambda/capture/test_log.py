"""Capture by log: every committed version between two polls lands, with its order and its time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event
from typing import BinaryIO

import pytest
from pg8000.native import Connection

import contracts
from contracts import SourceTable
from ingestion_lambda import table_poll
from ingestion_lambda.capture import log_capture, log_reading
from ingestion_lambda.capture.opening import open_capture
from ingestion_lambda.errors import MassDelete
from ingestion_lambda.source.extract import SpooledRows, spool_rows
from ingestion_lambda.source.log.access import SlotAccess
from ingestion_lambda.source.log.spool import spool_log
from postgres import Sql, render, value
from tests.integration.ingestion_lambda.capture.conftest import Capture
from tests.integration.ingestion_lambda.conftest import Pipeline, publish
from tests.sessions import PATIENCE
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime

EDIT = "UPDATE department SET manager = '{}' WHERE department_id = 1"
NEW = "INSERT INTO department VALUES ({}, '{}', NULL, NULL, now(), now())"
PARTITIONED = (
    "ALTER TABLE department RENAME TO old;"
    " ALTER TABLE old DROP CONSTRAINT department_pkey CASCADE;"
    " CREATE TABLE department (LIKE old INCLUDING DEFAULTS, PRIMARY KEY (department_id))"
    " PARTITION BY RANGE (department_id);"
    " CREATE TABLE low (manager text, department_id int NOT NULL,"
    "  department_name text NOT NULL, location text,"
    "  created_at timestamp(3) NOT NULL, last_updated timestamp(3) NOT NULL);"
    " ALTER TABLE department ATTACH PARTITION low FOR VALUES FROM (0) TO (5);"
    " CREATE TABLE high PARTITION OF department FOR VALUES FROM (5) TO (10000);"
    " INSERT INTO department SELECT * FROM old"
)
"""Makes the table department a partitioned one, with the partitions low and high."""


def manager(source: Connection) -> str:
    [[name]] = source.run("SELECT manager FROM department WHERE department_id = 1")
    return str(name)


def test_first_batch_is_the_state_and_the_next_one_can_be_captured(capture: Capture):
    assert capture.head.seq == 1
    assert {row["change_seq"] for row in capture.pipeline.landed("staff")} == {0}
    assert {row["changed_at"] for row in capture.pipeline.landed("staff")} == {None}
    assert (capture.gaps, capture.head.capture is not None) == ((), True)


def test_poll_without_a_change_commits_nothing(capture: Capture):
    assert capture.poll().changes == {}
    capture.source.run("CREATE TABLE elsewhere (id int); INSERT INTO elsewhere VALUES (1)")
    assert capture.poll().changes == {}
    assert capture.head.seq == 1


def test_asynchronous_commit_is_on_the_disk_before_the_snapshot(
    capture: Capture, source: Connection
):
    source.run("SET synchronous_commit TO off")
    source.run(EDIT.format("A"))
    [[end]] = source.run("SELECT pg_current_wal_insert_lsn()::text")
    with open_capture(source, contracts.source(), capture.head, "run", capture.options):
        flushed = "SELECT pg_current_wal_flush_lsn() >= {end}"
        assert source.run(render(flushed, end=value(end))) == [[True]]


def test_rows_are_copied_while_the_server_decodes_its_log(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    source.run(EDIT.format("A"))
    begins, copied = Event(), Event()

    @contextmanager
    def decode(connection: Connection, access: SlotAccess, upto: str) -> Iterator[BinaryIO]:
        begins.set()
        assert copied.wait(PATIENCE), "no row is copied before the log is read"
        with spool_log(connection, access, upto) as file:
            yield file

    @contextmanager
    def copy(connection: Connection, query: Sql, table: SourceTable) -> Iterator[SpooledRows]:
        assert begins.wait(PATIENCE), "the rows are copied before the log is read"
        with spool_rows(connection, query, table) as spool:
            copied.set()
            yield spool

    monkeypatch.setattr(log_reading, "spool_log", decode)
    monkeypatch.setattr(table_poll, "spool_rows", copy)
    assert capture.poll().changes == {"department": {"I": 0, "U": 1, "D": 0}}
    assert capture.versions("department", "manager") == [("U", "A")]
    assert capture.gaps == ()


def test_every_edit_between_two_polls_is_a_version_with_its_order_and_time(
    capture: Capture, source: Connection
):
    before = manager(source)
    [[since]] = source.run("SELECT clock_timestamp()::timestamp")
    for name in ("A", "B", "C", before):
        source.run(EDIT.format(name))
    assert capture.poll().changes == {"department": {"I": 0, "U": 4, "D": 0}}
    assert capture.versions("department", "manager") == [("U", n) for n in ("A", "B", "C", before)]
    landed = [r for r in capture.pipeline.landed("department") if r["batch_seq"] == 2]
    assert [row["change_seq"] for row in landed] == [0, 1, 2, 3]
    times: list[datetime] = [since, *(row["changed_at"] for row in landed)]
    assert times == sorted(times)
    assert times[-1] <= capture.head.observed_at
    capture.check_state()
    assert capture.poll().changes == {}


def test_row_that_lives_and_dies_between_two_polls_is_two_versions(
    capture: Capture, source: Connection
):
    source.run(NEW.format(99, "Brief"))
    source.run("DELETE FROM department WHERE department_id = 99")
    assert capture.poll().changes == {"department": {"I": 1, "U": 0, "D": 1}}
    assert capture.versions("department", "department_name") == [("I", "Brief"), ("D", "Brief")]


def test_edits_within_one_transaction_are_one_version(capture: Capture, source: Connection):
    source.run("BEGIN; " + EDIT.format("A") + "; SAVEPOINT s; " + EDIT.format("lost"))
    source.run("ROLLBACK TO s; " + EDIT.format("B") + "; COMMIT")
    capture.poll()
    assert capture.versions("department", "manager") == [("U", "B")]


def test_reload_of_equal_rows_makes_no_batch(capture: Capture, source: Connection):
    source.run("BEGIN; CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM payment")
    source.run("TRUNCATE payment; INSERT INTO payment SELECT * FROM kept; COMMIT")
    source.run("UPDATE staff SET first_name = first_name")
    assert capture.poll().changes == {}


def test_truncation_and_reload_in_two_transactions_are_deletions_and_insertions(
    capture: Capture, source: Connection
):
    [[rows]] = source.run("SELECT count(*) FROM payment")
    source.run("CREATE TABLE kept AS SELECT * FROM payment; TRUNCATE payment")
    source.run("INSERT INTO payment SELECT * FROM kept")
    assert capture.poll().changes == {"payment": {"I": rows, "U": 0, "D": rows}}
    capture.check_state()


def test_keys_swapped_in_one_transaction_are_two_updates(capture: Capture, source: Connection):
    source.run("ALTER TABLE currency DROP CONSTRAINT currency_pkey CASCADE")
    source.run("ALTER TABLE currency ADD PRIMARY KEY (currency_id) DEFERRABLE")
    source.run("ALTER TABLE currency REPLICA IDENTITY FULL")
    capture.poll()
    source.run("UPDATE currency SET currency_id = 3 - currency_id WHERE currency_id IN (1, 2)")
    changes = capture.poll().changes
    assert changes == {"currency": {"I": 0, "U": 2, "D": 0}}
    capture.check_state()
    before = capture.head.seq
    source.run("UPDATE currency SET currency_id = 3 - currency_id WHERE currency_id IN (1, 2)")
    source.run("UPDATE currency SET currency_code = lower(currency_code) WHERE currency_id = 2")
    capture.poll()
    landed = [row for row in capture.pipeline.landed("currency") if row["batch_seq"] > before]
    assert all(row["changed_at"] for row in landed)
    assert sorted(
        (row["currency_id"], row["change_seq"], row["op"], row["currency_code"]) for row in landed
    ) == [(1, 0, "U", "GBP"), (2, 0, "U", "USD"), (2, 1, "U", "usd")]
    capture.check_state()


def test_prepared_transaction_belongs_to_the_batch_that_sees_its_commit(
    capture: Capture, source: Connection
):
    source.run("BEGIN; " + EDIT.format("prepared") + "; PREPARE TRANSACTION 'mine'")
    source.run(NEW.format(98, "meanwhile"))
    assert capture.poll().changes == {"department": {"I": 1, "U": 0, "D": 0}}
    source.run("COMMIT PREPARED 'mine'")
    source.run(EDIT.format("after"))
    capture.poll()
    assert capture.versions("department", "manager", 3) == [("U", "prepared"), ("U", "after")]


def test_transaction_that_a_poll_does_not_see_yet_waits_for_its_batch(
    capture: Capture, source: Connection, simulator: Simulator
):
    with simulator.late_order(capture.pipeline.address):
        source.run(EDIT.format("A"))
        source.run(EDIT.format("B"))
        capture.poll()
    late = capture.poll().changes
    assert late["transaction"] == {"I": 1, "U": 0, "D": 0}
    assert capture.versions("department", "manager") == [("U", "A"), ("U", "B")]
    capture.check_state()


def test_large_value_that_is_not_sent_is_that_of_the_version_before(
    capture: Capture, source: Connection
):
    source.run("ALTER TABLE department ALTER COLUMN location SET STORAGE EXTERNAL")
    large = "x" * 100_000
    source.run("UPDATE department SET location = :large WHERE department_id = 1", large=large)
    capture.poll()
    source.run(EDIT.format("A"))
    source.run(EDIT.format("B"))
    capture.poll()
    landed = [
        r for r in capture.pipeline.landed("department") if r["batch_seq"] == capture.head.seq
    ]
    assert [(r["manager"], r["location"]) for r in landed] == [("A", large), ("B", large)]


def test_times_are_on_the_clock_of_the_contract(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    kolkata = replace(contracts.source(), timezone="Asia/Kolkata")
    monkeypatch.setattr(contracts, "source", lambda: kolkata)
    capture.poll()  # another contract: everything is read
    source.run(EDIT.format("A"))
    [[now]] = source.run("SELECT clock_timestamp() AT TIME ZONE 'Asia/Kolkata'")
    capture.poll()
    [landed] = [r for r in capture.pipeline.landed("department") if r["manager"] == "A"]
    assert timedelta() <= now - landed["changed_at"] < timedelta(minutes=1)


def test_guard_validates_the_rows_that_are_gone_and_not_the_versions(
    capture: Capture, source: Connection
):
    source.run("INSERT INTO department SELECT g, 'x', NULL, NULL, now(), now()"
               " FROM generate_series(1000, 1500) g")  # fmt: skip
    source.run("DELETE FROM department WHERE department_id >= 1000")
    assert capture.poll().changes == {"department": {"I": 501, "U": 0, "D": 501}}


def test_refused_poll_leaves_the_slot_where_it_is(
    capture: Capture, source: Connection, caplog: pytest.LogCaptureFixture
):
    source.run("INSERT INTO department SELECT g, 'x', NULL, NULL, now(), now()"
               " FROM generate_series(1000, 1500) g")  # fmt: skip
    capture.poll()
    position = capture.position()
    source.run("UPDATE department SET manager = 'Y' WHERE department_id >= 1000")
    source.run("DELETE FROM department WHERE department_id >= 1000")
    with pytest.raises(MassDelete):
        capture.poll()
    assert capture.position() == position
    assert caplog.messages[-1] == "the replication slot stays where it is"
    changes = capture.poll(allow_mass_delete=["department"]).changes
    assert changes == {"department": {"I": 0, "U": 501, "D": 501}}
    assert capture.position() != position


def test_slot_moves_on_without_a_change_once_it_holds_much_log(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(log_capture, "MOST_HELD", 100_000)
    source.run("CREATE TABLE elsewhere AS SELECT g FROM generate_series(1, 10) g")
    assert (capture.poll().seq, capture.head.seq) == (1, 1)
    source.run("INSERT INTO elsewhere SELECT g FROM generate_series(1, 10000) g")
    before = capture.position()
    assert (capture.poll().seq, capture.head.tables, capture.gaps) == (2, {}, ())
    assert capture.position() != before
    assert capture.poll().seq == 2
    before = capture.position()
    monkeypatch.setattr(log_capture, "MOST_HELD", 1000)
    source.run("VACUUM (FREEZE, TRUNCATE off) elsewhere")  # no transaction with an id
    assert (capture.poll().seq, capture.head.tables, capture.gaps) == (3, {}, ())
    assert capture.position() != before
    source.run(EDIT.format("A"))
    source.run(EDIT.format("B"))
    capture.poll()
    assert capture.versions("department", "manager") == [("U", "A"), ("U", "B")]


def test_audit_and_reread_keep_the_versions_of_the_log(capture: Capture, source: Connection):
    source.run(EDIT.format("A"))
    source.run(EDIT.format("B"))
    capture.poll(reread=["department"])
    assert capture.versions("department", "manager") == [("U", "A"), ("U", "B")]


def test_poll_that_ended_before_the_slot_moved_doubles_nothing(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(log_capture.LogCapture, "committed", lambda *_: None)
        for name in ("A", "B"):
            source.run(EDIT.format(name))
        capture.poll()
    source.run(EDIT.format("C"))
    capture.poll()
    assert capture.versions("department", "manager") == [("U", n) for n in "ABC"]
    assert capture.gaps == ()


@pytest.mark.parametrize("via_root", ["true", "false"])
def test_rows_of_partitions_are_those_of_their_table(
    pipeline: Pipeline, source: Connection, via_root: str
):
    source.run(PARTITIONED)
    publish(source)
    source.run(f"ALTER PUBLICATION warehouse SET (publish_via_partition_root = {via_root})")
    capture = Capture(pipeline, source)
    capture.poll()
    source.run(EDIT.format("A"))
    source.run("UPDATE department SET department_id = 77 WHERE department_id = 1")
    source.run("UPDATE department SET department_id = 1, manager = 'B' WHERE department_id = 77")
    capture.poll()
    of_key = [(r["op"], r["department_id"], r["manager"]) for r in sorted(
        (r for r in pipeline.landed("department") if r["batch_seq"] == 2),
        key=lambda r: (r["change_seq"], r["department_id"]))]  # fmt: skip
    assert of_key == [
        ("U", 1, "A"), ("D", 1, "A"), ("I", 77, "A"), ("I", 1, "B"), ("D", 77, "A"),
    ]  # fmt: skip
    assert capture.gaps == ()
    capture.check_state()
