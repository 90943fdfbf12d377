"""Which source it is, and what a poll does when that changes or something is in the way."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pg8000.native import Connection

import contracts
from ingestion_lambda import batch, table_poll
from ingestion_lambda.errors import MassDelete, RowTooLarge, SourceBusy, SourceMismatch
from ingestion_lambda.source import extract, snapshot
from ingestion_lambda.source.scope import FullRead, NoRead, XidRange, scope
from lake.entries import Batch, Position
from postgres import Sql, connected
from tests.integration.ingestion_lambda.conftest import Pipeline
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime


def test_second_poll_reads_since_the_horizon_of_the_first(pipeline: Pipeline, source: Connection):
    pipeline.poll()
    source.run("SELECT pg_current_xact_id()")
    with (
        connected(pipeline.address, "test") as connection,
        snapshot.frozen(connection, contracts.source()) as now,
    ):
        assert isinstance(scope(pipeline.lake.batches.head(), now), XidRange)


def test_quiet_source_is_not_read(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()

    def read(*_: object) -> None:
        raise AssertionError("a table was read")

    monkeypatch.setattr(batch, "TablePoll", read)
    pipeline.poll()
    source.run("SELECT pg_current_xact_id()")
    with pytest.raises(AssertionError, match="a table was read"):
        pipeline.poll()


@contextmanager
def position_of(pipeline: Pipeline, **changes: object) -> Iterator[tuple[Batch, snapshot.Snapshot]]:
    """The head as if its position had been another, and a snapshot taken now."""
    head = pipeline.lake.batches.head()
    assert head is not None
    before: Position = dataclasses.replace(head.position, **changes)  # type: ignore[arg-type]  # by name
    with (
        connected(pipeline.address, "test") as connection,
        snapshot.frozen(connection, contracts.source()) as now,
    ):
        yield dataclasses.replace(head, position=before), now


@pytest.mark.parametrize(
    "part", ["system_identifier", "timeline", "database", "tables", "contracts"]
)
def test_another_source_is_read_in_full(pipeline: Pipeline, part: str):
    pipeline.poll()
    head = pipeline.lake.batches.entry(1)
    identity = {**head.position.identity, part: "another"}
    with position_of(pipeline, identity=identity) as (before, now):
        assert scope(before, now) == FullRead(f"the source is another: {part} changed")


def test_ids_that_went_back_are_read_in_full(pipeline: Pipeline):
    pipeline.poll()
    with position_of(pipeline, xmax=2**40) as (before, now):
        assert scope(before, now) == FullRead("the source's transaction ids went back")


def test_horizon_too_old_to_compare_is_read_in_full(pipeline: Pipeline):
    pipeline.poll()
    with position_of(pipeline) as (before, now):
        later = dataclasses.replace(now, xmin=now.xmin + 2**31, xmax=now.xmax + 2**31)
        assert isinstance(scope(before, later), FullRead)


def test_same_snapshot_with_a_horizon_that_was_not_safe_is_read(pipeline: Pipeline):
    pipeline.poll()
    horizon = pipeline.lake.batches.entry(1).position.xmin
    with position_of(pipeline, horizon=horizon - 1) as (before, now):
        assert isinstance(scope(before, now), XidRange)
    with position_of(pipeline) as (before, now):
        assert scope(before, now) == NoRead()


def test_table_swapped_by_rename_is_read_in_full_and_only_differences_land(
    pipeline: Pipeline, source: Connection
):
    pipeline.poll()
    source.run(
        "CREATE TABLE other (LIKE payment_type INCLUDING INDEXES);"
        "INSERT INTO other TABLE payment_type;"
        "UPDATE other SET payment_type_name = 'SALES_REFUND' WHERE payment_type_id = 1;"
        "ALTER TABLE payment_type RENAME TO gone; ALTER TABLE other RENAME TO payment_type"
    )
    assert pipeline.poll().changes == {"payment_type": {"I": 0, "U": 1, "D": 0}}


def test_source_that_became_another_with_the_same_rows_is_read_in_full_once(
    pipeline: Pipeline, source: Connection
):
    pipeline.poll()
    source.run(
        "CREATE TABLE other (LIKE payment_type INCLUDING INDEXES);"
        "INSERT INTO other TABLE payment_type;"
        "ALTER TABLE payment_type RENAME TO gone; ALTER TABLE other RENAME TO payment_type"
    )
    assert pipeline.poll().changes == {}
    head = pipeline.lake.batches.head()
    assert head is not None
    assert (head.seq, head.tables) == (2, {})
    pipeline.poll()
    assert pipeline.lake.batches.head_seq() == 2


def test_horizon_stays_where_it_was_while_the_log_is_not_on_the_disk(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    monkeypatch.setattr(batch, "is_flushed", lambda *_: False)
    simulator.edit_sales_order_silently()
    pipeline.poll()
    first, second = pipeline.lake.batches.after(0)
    assert second.position.xmin > first.position.xmin
    assert second.position.horizon == first.position.horizon


def test_first_horizon_is_that_of_a_checkpoint_while_the_log_is_not_on_the_disk(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    source.run("CHECKPOINT")
    [[recorded]] = source.run("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    source.run("SELECT pg_current_xact_id()")
    monkeypatch.setattr(batch, "is_flushed", lambda *_: False)
    pipeline.poll()
    first = pipeline.lake.batches.entry(1).position
    assert first.horizon == recorded < first.xmin
    monkeypatch.undo()
    source.run("SELECT pg_current_xact_id()")
    assert pipeline.poll().seq == 1  # nothing changed: no second entry


def test_flush_is_seen_on_the_real_source(pipeline: Pipeline):
    with (
        connected(pipeline.address, "test") as connection,
        snapshot.frozen(connection, contracts.source()) as now,
    ):
        assert snapshot.is_flushed(connection, now)
        beyond = dataclasses.replace(now, insert_lsn="FFFFFFFF/0")
        assert not snapshot.is_flushed(connection, beyond)


def test_rows_that_the_horizon_missed_are_found_by_their_count_and_read(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    simulator.place_sales_order()
    monkeypatch.setattr(XidRange, "condition", property(lambda _: Sql("FALSE")))
    assert pipeline.poll().changes["sales_order"] == {"I": 1, "U": 0, "D": 0}


def test_table_locked_by_somebody_else_is_an_error_and_loses_nothing(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(snapshot, "LOCK_TIMEOUT", "50ms")
    source.run("BEGIN; LOCK TABLE payment IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(SourceBusy, match="stayed locked"):
        pipeline.poll()
    source.run("ROLLBACK")
    assert pipeline.poll().seq == 1


def test_table_truncated_behind_the_snapshot_is_not_taken_for_empty(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    """The truncation waits for the poll: the lock comes before the snapshot."""
    source.run("SET lock_timeout = '50ms'")
    refused = []
    land = batch.NextBatch._land

    def truncate_first(self, table, what):
        try:
            source.run("TRUNCATE payment")
        except Exception as error:  # noqa: BLE001 - what it is, is asserted
            refused.append(error)
        return land(self, table, what)

    monkeypatch.setattr(batch.NextBatch, "_land", truncate_first)
    assert pipeline.poll().changes["payment"]["I"] == 40
    assert len(refused) == len(contracts.source().tables)
    assert all("lock timeout" in str(error) for error in refused)


def test_missing_table_is_an_error_that_names_it(pipeline: Pipeline, source: Connection):
    source.run("DROP TABLE payment")
    with pytest.raises(SourceMismatch, match=r"payment.*does not exist"):
        pipeline.poll()


def test_missing_column_is_an_error_that_names_it(pipeline: Pipeline, source: Connection):
    source.run("ALTER TABLE staff RENAME COLUMN email_address TO email")
    with pytest.raises(SourceMismatch, match="staff lacks the column email_address"):
        pipeline.poll()


def test_role_that_may_not_read_is_an_error_that_says_what_to_grant(
    pipeline: Pipeline, source: Connection
):
    source.run("DROP ROLE IF EXISTS nobody; CREATE ROLE nobody LOGIN PASSWORD 'none'")
    role = dataclasses.replace(pipeline.address, user="nobody", password="none")
    with connected(role, "poll") as connection, pytest.raises(SourceMismatch, match="GRANT SELECT"):
        pipeline.poll_through(connection)
    source.run("DROP ROLE nobody")


def test_column_beyond_the_contract_is_reported_and_left_out(
    pipeline: Pipeline, source: Connection, caplog: pytest.LogCaptureFixture
):
    source.run("ALTER TABLE staff ADD COLUMN shoe_size int DEFAULT 42")
    pipeline.poll()
    [record] = [record for record in caplog.records if "left out" in record.message]
    assert (record.table, record.columns) == ("staff", ("shoe_size",))  # type: ignore[attr-defined]  # extra
    assert "shoe_size" not in pipeline.landed("staff")[0]


def test_mass_delete_trips_the_breaker_and_passes_when_allowed(
    pipeline: Pipeline, source: Connection
):
    source.run(
        "INSERT INTO design SELECT g, now(), 'D', '/d', 'f', now()"
        " FROM generate_series(1001, 1400) g"
    )
    pipeline.poll()
    source.run("DELETE FROM design WHERE design_id > 1200")
    with pytest.raises(MassDelete, match="--allow-mass-delete design"):
        pipeline.poll()
    assert pipeline.lake.batches.head_seq() == 1
    assert pipeline.poll(allow_mass_delete=["design"]).changes == {
        "design": {"I": 0, "U": 0, "D": 200}
    }


def test_a_hundred_deletions_are_no_mass(pipeline: Pipeline, source: Connection):
    source.run(
        "INSERT INTO design SELECT g, now(), 'D', '/d', 'f', now()"
        " FROM generate_series(1001, 1110) g"
    )
    pipeline.poll()
    source.run("DELETE FROM design WHERE design_id BETWEEN 1001 AND 1100")
    assert pipeline.poll().changes["design"]["D"] == 100


def test_row_larger_than_a_block_is_read_with_a_larger_one(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extract, "BLOCKS", (1 << 12, 1 << 20))
    source.run("UPDATE staff SET first_name = repeat('long', 50000) WHERE staff_id = 7")
    pipeline.poll()
    assert pipeline.mirrored("staff")[6]["first_name"] == "long" * 50000


def test_row_larger_than_every_block_is_an_error(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extract, "BLOCKS", (1 << 12, 1 << 13))
    source.run("UPDATE staff SET first_name = repeat('long', 50000) WHERE staff_id = 7")
    with connected(pipeline.address, "poll") as connection:
        with pytest.raises(RowTooLarge, match="A row of staff"):
            pipeline.poll_through(connection)
        assert connection.run("SELECT 1") == [[1]]  # the connection is still of use


def test_copy_that_fails_in_the_middle_is_an_error_and_not_a_short_batch(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    fails = "SELECT {columns} FROM {schema}.{table} WHERE {condition} AND 1 / (20 - {key}) < 2"
    monkeypatch.setattr(extract, "ROWS", fails + " ORDER BY {key}")
    with pytest.raises(Exception, match="division by zero"):
        pipeline.poll()
    assert pipeline.lake.batches.head() is None


def test_keys_are_fetched_only_where_the_count_disagrees(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    asked: list[str] = []
    keys = table_poll.TablePoll._keys

    def recording(self, bucket):
        asked.append(self._table.name)
        return keys(self, bucket)

    monkeypatch.setattr(table_poll.TablePoll, "_keys", recording)
    simulator.place_sales_order()
    simulator.edit_sales_order_silently()
    pipeline.poll()
    assert asked == []
    simulator.delete_sales_order()
    pipeline.poll()
    assert asked == ["sales_order"]
