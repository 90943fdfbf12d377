"""A doubt about the log is a gap with its reason; the state is right in any case."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import pytest
from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

import contracts
from ingestion_lambda import poll
from ingestion_lambda.capture import images, log_capture, log_reading, preparation
from ingestion_lambda.capture.captured import UNEXPLAINED
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.errors import SlotBusy
from ingestion_lambda.source.log import slot as slot_module
from ingestion_lambda.source.log import spool
from ingestion_lambda.source.log.access import FUNCTIONS_SLOT, SlotAccess
from ingestion_lambda.source.log.publication import UNLIMITED
from ingestion_lambda.source.log.slot import create_slot
from lake import open_lake
from operations.slots import list_slots
from postgres import Sql, connected, render, value
from tests.integration.ingestion_lambda.capture.conftest import Capture
from tests.integration.ingestion_lambda.capture.test_log import EDIT, NEW, PARTITIONED
from tests.integration.ingestion_lambda.conftest import Pipeline, publish
from tests.sessions import wait_until

pytestmark = pytest.mark.lambda_runtime

ALL = tuple(contracts.source().tables)
IN_USE = "FROM pg_replication_slots WHERE active AND database = current_database()"

SHORTEN = """
SELECT set_config('statement_timeout', '50ms', false)
WHERE current_setting('statement_timeout') = '1min'
"""
"""Makes the limit of reading a log short, after the connection: a busy server needs longer."""


def reasons(caplog: pytest.LogCaptureFixture, message: str) -> list[str]:
    return [str(vars(r)["reason"]) for r in caplog.records if r.message == message]


def edit_twice(source: Connection) -> None:
    for name in ("A", "B"):
        source.run(EDIT.format(name))


def edits_are_one_version(capture: Capture, source: Connection) -> None:
    """Check that the next poll lands the difference, and that the one after it is captured."""
    edit_twice(source)
    assert capture.poll().changes == {"department": {"I": 0, "U": 1, "D": 0}}
    capture.check_state()


def unexplained(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [vars(r)["rows"] for r in caplog.records if r.message == UNEXPLAINED]


def assert_only_a_gap(capture: Capture, table: str) -> None:
    """Poll, and check that nothing changed but the gap, and that the next poll commits nothing."""
    polled = capture.poll()
    assert (polled.changes, capture.head.tables) == ({}, {})
    assert [(gap.reason, gap.tables) for gap in capture.gaps] == [(UNEXPLAINED, (table,))]
    assert capture.poll().seq == polled.seq


def poll_as_reader(pipeline: Pipeline, source: Connection, rights: Sql = Sql("")) -> str:
    """Let the next polls use a new role that reads all tables, and return its name."""
    role = f"reader_of_{pipeline.address.database}"
    create = """
        CREATE ROLE {role} LOGIN {rights} PASSWORD 'reads';
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}
    """
    source.run(render(create, role=role, rights=rights))
    pipeline.address = replace(pipeline.address, user=role, password="reads")
    return role


def edits_are_captured(capture: Capture, source: Connection) -> None:
    source.run(EDIT.format("C"))
    source.run(EDIT.format("D"))
    assert capture.poll().changes == {"department": {"I": 0, "U": 2, "D": 0}}
    assert capture.gaps == ()


def test_lake_that_was_polled_by_difference_is_captured_from_its_next_poll_on(
    pipeline: Pipeline, source: Connection
):
    pipeline.poll()
    publish(source)
    capture = Capture(pipeline, source)
    assert capture.poll().seq == 2  # an entry without changes: from here on the log is read
    assert capture.reasons == ["the replication slot is new"]
    assert capture.gaps[0].tables == ALL
    edits_are_captured(capture, source)


def test_switch_to_difference_and_back_is_a_gap_of_the_batches_between(
    capture: Capture, source: Connection, caplog: pytest.LogCaptureFixture
):
    edit_twice(source)
    assert capture.pipeline.poll().changes["department"]["U"] == 1
    assert capture.head.capture is None
    source.run(EDIT.format("between"))
    health = capture.pipeline.poll().health
    assert (health.leftover_slots, health.retained_wal is None) == (1, False)
    assert (
        reasons(caplog, "no poll reads a replication slot of this lake")
        == [
            f"To fix: drop it with slot --drop --slot {capture.slot};"
            " see docs/runbook/retained-wal.md"
        ]
        * 2
    )
    edits_are_one_version(capture, source)
    assert capture.reasons == ["the batch before it was not captured by log"]
    edits_are_captured(capture, source)
    source.run(render("SELECT pg_drop_replication_slot({slot})", slot=value(capture.slot)))
    health = capture.pipeline.poll().health
    assert (health.leftover_slots, health.retained_wal) == (0, None)


def test_slots_that_others_replaced_are_left_over_until_they_are_dropped(
    capture: Capture, source: Connection
):
    """Also after several polls, and only those that this lake has read."""
    create = "SELECT pg_create_logical_replication_slot({slot}, 'pgoutput')"
    drop = "SELECT pg_drop_replication_slot({slot})"
    mine, second = (f"{n}_{capture.pipeline.address.database}" for n in ("mine", "second"))
    source.run(render(create, slot=value(FUNCTIONS_SLOT)))  # that of another lake
    try:
        capture.options = CaptureOptions("log", slot=mine)
        assert capture.poll().health.leftover_slots == 1
        edits_are_captured(capture, source)
        capture.options = CaptureOptions("log", slot=second)
        assert capture.poll().health.leftover_slots == 2
        capture.options = CaptureOptions("log")
        assert capture.poll().health.leftover_slots == 2
        assert capture.poll().health.leftover_slots == 2
        source.run(render(drop, slot=value(mine)))
        edit_twice(source)
        assert capture.pipeline.poll().health.leftover_slots == 2  # second, and that of the lake
        source.run(render(drop, slot=value(second)))
        source.run(EDIT.format("Z"))
        assert capture.pipeline.poll().health.leftover_slots == 1
        assert capture.head.slots == ()
    finally:
        source.run(render(drop, slot=value(FUNCTIONS_SLOT)))


def test_dropped_slot_is_created_again(capture: Capture, source: Connection):
    source.run(render("SELECT pg_drop_replication_slot({slot})", slot=value(capture.slot)))
    edits_are_one_version(capture, source)
    assert capture.reasons == ["the replication slot is new"]
    edits_are_captured(capture, source)


def test_slot_that_another_session_moved_is_a_gap(capture: Capture, source: Connection):
    source.run(EDIT.format("A"))
    advance = "SELECT pg_replication_slot_advance({slot}, pg_current_wal_lsn())"
    source.run(render(advance, slot=value(capture.slot)))
    source.run(EDIT.format("B"))
    assert capture.poll().changes == {"department": {"I": 0, "U": 1, "D": 0}}
    assert capture.reasons == ["another session moved the slot"]
    edits_are_captured(capture, source)


def test_slot_of_another_plugin_is_left_alone(capture: Capture, source: Connection):
    slot = value(capture.slot)
    source.run(render("SELECT pg_drop_replication_slot({slot})", slot=slot))
    create = "SELECT pg_create_logical_replication_slot({slot}, 'test_decoding')"
    source.run(render(create, slot=slot))
    edits_are_one_version(capture, source)
    assert "of another plugin" in capture.reasons[0]


def test_publication_that_was_created_again_is_a_gap(capture: Capture, source: Connection):
    source.run("DROP PUBLICATION warehouse")
    publish(source)
    edits_are_one_version(capture, source)
    assert capture.reasons == ["another publication"]


def test_other_contracts_or_columns_skip_the_log_of_the_interval(
    capture: Capture, source: Connection
):
    source.run("ALTER TABLE staff ALTER COLUMN email_address TYPE varchar(200)")
    edits_are_one_version(capture, source)
    assert capture.reasons == ["the source is another: tables changed"]
    edits_are_captured(capture, source)


@pytest.mark.parametrize(
    ("breaks", "reason", "statement"),
    [
        (
            "ALTER PUBLICATION warehouse DROP TABLE department",
            "department is not published",
            'ALTER PUBLICATION "warehouse" ADD TABLE "public"."department"',
        ),
        (
            "ALTER TABLE department REPLICA IDENTITY NOTHING",
            "department has a replica identity without its key department_id",
            'ALTER TABLE "public"."department" REPLICA IDENTITY FULL',
        ),
        (
            "ALTER PUBLICATION warehouse DROP TABLE department;"
            "ALTER PUBLICATION warehouse ADD TABLE department WHERE (department_id > 1)",
            "department is published with a filter",
            'ALTER PUBLICATION "warehouse" DROP TABLE "public"."department";'
            ' ALTER PUBLICATION "warehouse" ADD TABLE "public"."department"',
        ),
        (
            "ALTER PUBLICATION warehouse DROP TABLE department;"
            "ALTER PUBLICATION warehouse ADD TABLE department (department_id, manager)",
            "department is published without department_name, location, created_at, last_updated",
            'ALTER PUBLICATION "warehouse" DROP TABLE "public"."department";'
            ' ALTER PUBLICATION "warehouse" ADD TABLE "public"."department"',
        ),
    ],
)
def test_table_that_is_not_captured_is_a_gap_until_it_is_published(
    capture: Capture,
    source: Connection,
    caplog: pytest.LogCaptureFixture,
    breaks: str,
    reason: str,
    statement: str,
):
    if "ADD TABLE" in breaks and source.version < 15:
        pytest.skip(f"PostgreSQL {source.version} publishes every row and column of a table")
    source.run(breaks)
    source.run("UPDATE staff SET first_name = 'A' WHERE staff_id = 1")
    source.run("UPDATE staff SET first_name = 'B' WHERE staff_id = 1")
    edit_twice(source) if "NOTHING" not in breaks else None
    changes = capture.poll().changes
    assert changes["staff"] == {"I": 0, "U": 2, "D": 0}
    assert [(gap.reason, gap.tables) for gap in capture.gaps] == [(reason, ("department",))]
    [remedy] = {*reasons(caplog, "a table is not captured by log")}
    assert remedy == f"{reason}. To fix: {statement};"
    source.run(Sql(remedy.partition("To fix: ")[2]))
    capture.poll()
    assert [(g.reason, g.tables) for g in capture.gaps] == [
        ("captured from here on", ("department",))
    ]
    edits_are_captured(capture, source)
    capture.check_state()


def test_missing_publication_is_named_with_its_statement_and_the_poll_goes_on(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    capture = Capture(pipeline, source)
    capture.poll()
    assert source.run(
        "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"
    ) == [[0]]
    [line] = reasons(caplog, "the log is not read")
    reason, remedy = line.split(". To fix: ")
    assert reason == "the publication warehouse does not exist"
    source.run(Sql(remedy))
    edits_are_one_version(capture, source)
    edits_are_captured(capture, source)


def test_publication_without_all_operations_is_named_with_its_statement(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    publish(source)
    source.run("ALTER PUBLICATION warehouse SET (publish = 'insert')")
    Capture(pipeline, source).poll()
    [line] = reasons(caplog, "the log is not read")
    source.run(Sql(line.split(". To fix: ")[1]))
    capture = Capture(pipeline, source)
    capture.poll()
    edits_are_captured(capture, source)


def test_role_without_replication_is_named_with_its_statement(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    publish(source)
    role = poll_as_reader(pipeline, source)
    capture = Capture(pipeline, source)
    capture.poll()
    [line] = reasons(caplog, "the log is not read")
    statement = line.split(". To fix: ")[1].partition(";")[0]
    assert statement == f'ALTER ROLE "{role}" REPLICATION'
    source.run(Sql(statement))
    edits_are_one_version(capture, source)
    edits_are_captured(capture, source)


def test_right_that_vanishes_is_named_with_its_statement(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    publish(source)
    role = poll_as_reader(pipeline, source, Sql("REPLICATION"))
    capture = Capture(pipeline, source)
    capture.poll()
    source.run(render("ALTER ROLE {role} NOREPLICATION", role=role))
    edits_are_one_version(capture, source)
    [line] = reasons(caplog, "the log is not read")
    assert capture.reasons == [line.split(". To fix: ")[0]]
    source.run(Sql(line.split(". To fix: ")[1].partition(";")[0]))
    edits_are_captured(capture, source)


def test_flush_that_is_refused_does_not_stop_the_poll(
    pipeline: Pipeline,
    source: Connection,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    publish(source)
    poll_as_reader(pipeline, source, Sql("REPLICATION"))
    for [function] in source.run(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE proname = 'pg_logical_emit_message'"
    ):
        source.run(Sql(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"))
    monkeypatch.setattr(preparation, "FLUSH_DUE", "SELECT true")
    capture = Capture(pipeline, source)
    capture.poll()
    edit_twice(source)
    capture.poll()
    capture.check_state()
    # what the server wrote besides, and had not flushed, is a gap
    assert {*capture.reasons} <= {
        "the end of the log was not on the source's disk in time",
        "the batch before it was not on the source's disk",
    }
    assert "permission denied" in reasons(caplog, "the log is not flushed")[0]


def test_published_table_that_is_locked_is_a_gap_within_seconds(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(preparation, "LOCK_TIMEOUT", "200ms")
    source.run("CREATE TABLE elsewhere (id int PRIMARY KEY)")
    source.run("ALTER PUBLICATION warehouse ADD TABLE elsewhere")
    edit_twice(source)
    source.run("BEGIN; LOCK TABLE elsewhere IN ACCESS EXCLUSIVE MODE")
    started = time.monotonic()
    assert capture.poll().changes == {"department": {"I": 0, "U": 1, "D": 0}}
    assert time.monotonic() - started < 20
    source.run("ROLLBACK")
    assert capture.reasons == ["another session locks a published table"]
    capture.poll()
    edits_are_captured(capture, source)


def test_second_lake_on_a_slot_has_gaps_and_no_wrong_version(
    capture: Capture, source: Connection, tmp_path: Path
):
    lake = open_lake(f"file://{tmp_path}/other/i", f"file://{tmp_path}/other/p")
    capture.options = CaptureOptions("log", slot=capture.slot)
    other = Capture(replace(capture.pipeline, lake=lake), source, capture.options)
    other.poll()
    edits_are_captured(capture, source)
    edits_are_one_version(other, source)
    assert other.reasons == ["another session moved the slot"]
    assert capture.poll().changes == {"department": {"I": 0, "U": 2, "D": 0}}
    assert capture.gaps == ()


def test_unlimited_wal_is_refused_unless_it_is_accepted(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    publish(source)
    source.run(f"ALTER SYSTEM SET max_slot_wal_keep_size = {UNLIMITED}")
    source.run("SELECT pg_reload_conf()")
    capture = Capture(pipeline, source)
    try:
        capture.poll()
        assert capture.head.capture is None
        [line] = reasons(caplog, "the log is not read")
        assert line.startswith("max_slot_wal_keep_size is unlimited")
        capture.options = CaptureOptions("log", accept_unlimited_wal=True)
        capture.poll()
        edits_are_captured(capture, source)
    finally:
        source.run("ALTER SYSTEM RESET max_slot_wal_keep_size")
        source.run("SELECT pg_reload_conf()")


def test_log_that_cannot_be_read_costs_its_slot_and_a_new_one_is_created(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(spool, "SORT_IN_MEMORY", SHORTEN)
        patch.setattr(spool, "PEEK", "COPY (SELECT pg_sleep(10)) TO STDOUT")
        edits_are_one_version(capture, source)
    assert capture.reasons == [
        "the log cannot be read: canceling statement due to statement timeout"
    ]
    assert capture.head.capture is None
    capture.poll()
    assert capture.reasons == ["the replication slot is new"]
    edits_are_captured(capture, source)


def test_first_poll_that_fails_leaves_no_slot(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    publish(source)
    source.run("ALTER TABLE staff RENAME TO stuff")
    with pytest.raises(Exception, match="does not have a table"):
        Capture(pipeline, source).poll()
    query = "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"
    assert source.run(query) == [[0]]


def test_first_polls_that_are_killed_leave_one_slot_which_the_next_one_reads(
    pipeline: Pipeline, source: Connection
):
    publish(source)
    capture, slots = Capture(pipeline, source), set[str]()
    for _ in range(2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(log_capture.LogCapture, "discard", lambda _: None)  # as if killed
            patch.setattr(poll, "open_snapshot", _killed)
            with pytest.raises(KeyboardInterrupt):
                capture.poll()
        slots |= {slot.name for slot in list_slots(pipeline.address)}
    capture.poll()
    assert slots == {capture.slot}
    edits_are_captured(capture, source)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def busy_slot(capture: Capture) -> Iterator[None]:
    """Another session that reads the slot."""
    address = capture.pipeline.address
    other = Connection(
        address.user, address.host, address.database, address.port, address.password,
        replication="database",
    )  # fmt: skip
    start = (
        f"START_REPLICATION SLOT {capture.slot} LOGICAL 0/0"
        " (proto_version '1', publication_names 'warehouse')"
    )

    def stream() -> None:
        try:
            other.run(start)
        except (DatabaseError, InterfaceError, AssertionError, KeyError, OSError, ValueError):
            return

    thread = Thread(target=stream, daemon=True)
    thread.start()
    wait_until(capture.source, f"SELECT {IN_USE}")
    yield
    capture.source.run(f"SELECT pg_terminate_backend(active_pid) {IN_USE}")
    wait_until(capture.source, f"SELECT WHERE NOT EXISTS (SELECT {IN_USE})")
    thread.join()


def test_slot_in_use_ends_the_poll_with_a_remedy(
    capture: Capture, source: Connection, busy_slot: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(log_reading, "BUSY_TIMEOUT", 0.2)
    source.run(EDIT.format("A"))
    with pytest.raises(SlotBusy, match="To fix: if it is not another poll"):
        capture.poll()
    assert capture.head.seq == 1


def test_slot_that_another_session_creates_at_the_moment_is_a_gap(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(slot_module, "CREATE_TIMEOUT", 0.1)
    slot = value(capture.slot)
    source.run(render("SELECT pg_drop_replication_slot({slot})", slot=slot))
    create = Sql(render("SELECT pg_create_logical_replication_slot({slot}, 'pgoutput')", slot=slot))
    found = render("SELECT FROM pg_replication_slots WHERE slot_name = {slot}", slot=slot)
    address = capture.pipeline.address
    with connected(address, "writer") as writer, connected(address, "creator") as creator:
        writer.run("BEGIN; CREATE TABLE elsewhere (id int)")
        creating = Thread(target=creator.run, args=(create,))
        creating.start()
        wait_until(source, found)
        edits_are_one_version(capture, source)
        writer.run("COMMIT")
        creating.join()
    assert capture.reasons == ["another session creates the replication slot"]
    capture.poll()
    edits_are_captured(capture, source)


def test_slot_that_is_dropped_as_soon_as_it_is_created_is_a_gap(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    drop = Sql(render("SELECT pg_drop_replication_slot({slot})", slot=value(capture.slot)))

    def create_and_lose(connection: Connection, access: SlotAccess) -> bool:
        is_there = create_slot(connection, access)
        source.run(drop)
        return is_there

    source.run(drop)
    with monkeypatch.context() as patch:
        patch.setattr("ingestion_lambda.capture.preparation.create_slot", create_and_lose)
        edits_are_one_version(capture, source)
        source.run("UPDATE staff SET first_name = 'Ada' WHERE staff_id = 1")
        capture.poll()  # the batch before has no capture now
    assert capture.reasons == ["another session dropped the replication slot"]
    capture.poll()
    edits_are_captured(capture, source)


def test_slot_that_is_created_again_during_the_poll_is_a_gap(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    def create_again(
        connection: Connection, access: SlotAccess, upto: str
    ) -> AbstractContextManager[BinaryIO]:
        source.run(access.sql("drop"))
        source.run(access.sql("create"))
        return spool.spool_log(connection, access, upto)

    with monkeypatch.context() as patch:
        patch.setattr(log_reading, "spool_log", create_again)
        edits_are_one_version(capture, source)
    assert capture.reasons == ["another session moved the slot"]
    capture.poll()
    edits_are_captured(capture, source)


def test_second_connection_that_is_refused_is_a_gap_and_the_poll_goes_on(
    capture: Capture, source: Connection
):
    edit_twice(source)
    address = capture.pipeline.address
    poll_as_reader(capture.pipeline, source, Sql("REPLICATION CONNECTION LIMIT 1"))
    assert capture.poll().changes == {"department": {"I": 0, "U": 1, "D": 0}}
    assert capture.reasons in (
        ["the connection for the log failed"],
        ["the end of the log was not on the source's disk in time"],
    )
    capture.pipeline.address = address
    edits_are_captured(capture, source)


def test_statement_that_fails_on_the_second_connection_is_not_called_a_connection(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(log_reading, "find_slot", lambda other, _: other.run("SELECT 1 / 0"))
        edits_are_one_version(capture, source)
    assert capture.reasons == ["the log was not read"]
    edits_are_captured(capture, source)


def test_wal_is_reported_for_a_slot_that_cannot_be_read(capture: Capture, source: Connection):
    source.run("CREATE TABLE elsewhere AS SELECT repeat('x', 500) FROM generate_series(1, 4000)")
    source.run("DROP PUBLICATION warehouse")
    edits_are_one_version(capture, source)
    retained = capture.poll().health.retained_wal
    assert retained is not None
    assert retained > 1_000_000


def test_deferrable_key_does_not_identify_rows_and_the_statement_helps(
    capture: Capture, source: Connection, caplog: pytest.LogCaptureFixture
):
    source.run("ALTER TABLE currency DROP CONSTRAINT currency_pkey CASCADE")
    source.run("ALTER TABLE currency ADD PRIMARY KEY (currency_id) DEFERRABLE")
    capture.poll()
    [line] = reasons(caplog, "a table is not captured by log")
    source.run(Sql(line.split(". To fix: ")[1]))
    source.run("UPDATE currency SET currency_code = lower(currency_code)")
    capture.poll()
    assert "currency" in (capture.head.capture or pytest.fail("not captured")).tables


def test_row_that_the_log_does_not_explain_lands_as_the_difference_and_is_a_gap(
    capture: Capture, source: Connection, caplog: pytest.LogCaptureFixture
):
    source.run("ALTER TABLE department ALTER COLUMN location SET STORAGE EXTERNAL")
    source.run(NEW.format(98, "Archive"))
    large = "UPDATE department SET location = :large WHERE department_id = 98"
    source.run(large, large="x" * 100_000)
    capture.poll()
    source.run("UPDATE department SET department_id = 97 WHERE department_id = 98")
    assert capture.poll().changes == {"department": {"I": 1, "U": 0, "D": 1}}
    assert [(gap.reason, gap.tables) for gap in capture.gaps] == [(UNEXPLAINED, ("department",))]
    assert unexplained(caplog) == [1]
    capture.check_state()
    edits_are_captured(capture, source)
    caplog.clear()
    source.run("UPDATE department SET department_id = 99 WHERE department_id = 97")
    source.run("UPDATE department SET manager = 'lost' WHERE department_id = 99")
    source.run("UPDATE department SET department_id = 97, manager = NULL WHERE department_id = 99")
    assert_only_a_gap(capture, "department")
    source.run("UPDATE department SET department_id = 99 WHERE department_id = 97")
    source.run("DELETE FROM department WHERE department_id = 99")
    assert capture.poll().changes == {"department": {"I": 0, "U": 0, "D": 1}}
    assert unexplained(caplog) == [2, 1]
    capture.check_state()
    edits_are_captured(capture, source)


def test_large_row_that_is_edited_too_often_is_a_gap_and_the_log_is_read_in_small_parts(
    capture: Capture, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(images, "MOST_BYTES", 1_000_000)
    source.run("ALTER TABLE department ALTER COLUMN location SET STORAGE EXTERNAL")
    large = "UPDATE department SET location = repeat('{}', 200000) WHERE department_id = 1"
    for letter in "abcdefgh":
        source.run(large.format(letter))
        source.run(EDIT.format(letter))
    access = SlotAccess(capture.slot, "warehouse")
    with connected(capture.pipeline.address, "reader") as reader:
        [[end]] = reader.run("SELECT pg_current_wal_lsn()::text")
        with spool.spool_log(reader, access, end) as file:
            parts = [len(part.bytes) for part in spool.read_blocks(file, 1)]
    assert max(parts) < 2 * 200_000 < sum(parts)
    assert capture.poll().changes == {"department": {"I": 0, "U": 1, "D": 0}}
    assert "department has changes of neighbouring rows with more than" in capture.reasons[0]
    capture.check_state()
    edits_are_one_version(capture, source)  # a new slot
    for letter in "ABC":
        source.run(large.format(letter))
    assert capture.poll().changes == {"department": {"I": 0, "U": 3, "D": 0}}
    assert capture.gaps == ()


def test_keys_that_three_rows_exchange_and_take_back_are_a_gap(
    capture: Capture, source: Connection, caplog: pytest.LogCaptureFixture
):
    source.run("ALTER TABLE currency DROP CONSTRAINT currency_pkey CASCADE")
    source.run("ALTER TABLE currency ADD PRIMARY KEY (currency_id) DEFERRABLE INITIALLY DEFERRED")
    source.run("ALTER TABLE currency REPLICA IDENTITY FULL")
    capture.poll()
    move = "UPDATE currency SET currency_id = {} WHERE currency_code = '{}'"
    rotation = [(1, "USD"), (1, "EUR"), (2, "GBP"), (3, "USD")]
    return_ = [(1, "GBP"), (1, "USD"), (2, "USD"), (3, "EUR")]
    for moves in (rotation, return_):
        source.run("; ".join(["BEGIN", *(move.format(*each) for each in moves), "COMMIT"]))
    capture.poll()
    assert [(gap.reason, gap.tables) for gap in capture.gaps] == [(UNEXPLAINED, ("currency",))]
    assert unexplained(caplog) == [1]
    capture.check_state()
    edits_are_captured(capture, source)


def test_row_of_a_truncated_partition_that_lived_and_died_is_a_gap(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    source.run(PARTITIONED)
    source.run("TRUNCATE high")
    publish(source)
    source.run("ALTER PUBLICATION warehouse SET (publish_via_partition_root = true)")
    capture = Capture(pipeline, source)
    capture.poll()
    source.run(NEW.format(600, "Brief"))
    source.run("UPDATE department SET manager = 'lost' WHERE department_id = 600")
    source.run("TRUNCATE high")
    assert_only_a_gap(capture, "department")
    assert unexplained(caplog) == [1]
    capture.check_state()
    edits_are_captured(capture, source)
