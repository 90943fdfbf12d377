"""The daily audit, and full reads on demand."""

from datetime import date, timedelta

import pytest
from pg8000.native import Connection

import contracts
from ingestion_lambda import batch, table_poll
from ingestion_lambda.errors import UnknownTable
from ingestion_lambda.mirror.writer import MirrorWriter
from ingestion_lambda.source.scope import FullRead, NoRead, XidRange
from lake import SeqTaken
from lake.audits import Audits
from lake.log import Log
from postgres import Sql, render
from tests.integration.ingestion_lambda.conftest import Pipeline, both_ways, later
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime

ALL = set(contracts.source().tables)
ONE_EDIT = {"I": 0, "U": 1, "D": 0}


@pytest.fixture(autouse=True)
def first_poll(pipeline: Pipeline, noon: None) -> None:
    pipeline.poll()


@pytest.fixture
def read_in_full(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the tables that were read in full."""
    names: set[str] = set()
    differences = table_poll.TablePoll.differences

    def recording(self, mirror, scope, spool):
        if isinstance(scope, FullRead):
            names.add(self._table.name)
        return differences(self, mirror, scope, spool)

    monkeypatch.setattr(table_poll.TablePoll, "differences", recording)
    return names


def days_later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Advance the source's clock."""
    later(monkeypatch, timedelta(days))


def miss_every_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every incremental read return no row."""
    monkeypatch.setattr(XidRange, "condition", property(lambda _: Sql("FALSE")))


def today(pipeline: Pipeline) -> date:
    return pipeline.lake.batches.entry(1).observed_at.date()


def test_first_poll_of_a_lake_is_the_audit_of_its_day(pipeline: Pipeline, read_in_full: set[str]):
    audit = pipeline.lake.audits.of(today(pipeline))
    assert (audit.seq, audit.missed) == (1, {})
    assert pipeline.poll().changes == {}
    assert read_in_full == set()


@both_ways
def test_first_poll_of_a_day_reads_everything_of_a_quiet_source_and_commits_nothing(
    pipeline: Pipeline, read_in_full: set[str], monkeypatch: pytest.MonkeyPatch
):
    days_later(monkeypatch, 1)
    polled = pipeline.poll()
    assert read_in_full == ALL
    assert (polled.seq, polled.changes, polled.health.missed_rows) == (1, {}, 0)
    assert pipeline.lake.audits.has(today(pipeline) + timedelta(days=1))


def test_second_poll_of_a_day_is_incremental(
    pipeline: Pipeline, read_in_full: set[str], monkeypatch: pytest.MonkeyPatch
):
    days_later(monkeypatch, 1)
    pipeline.poll()
    read_in_full.clear()
    pipeline.poll()
    assert read_in_full == set()
    days_later(monkeypatch, 1)
    pipeline.poll()
    assert read_in_full == ALL


def test_rows_that_the_next_incremental_poll_would_show_are_not_missed(
    pipeline: Pipeline,
    simulator: Simulator,
    source: Connection,
    monkeypatch: pytest.MonkeyPatch,
):
    simulator.place_sales_order()
    simulator.edit_sales_order_silently()
    simulator.delete_sales_order()
    source.run("INSERT INTO department VALUES (98, 'Late', NULL, NULL, now(), now())")
    pipeline.poll()
    source.run("INSERT INTO department VALUES (99, 'Late', NULL, NULL, now(), now())")
    source.run("DELETE FROM department WHERE department_id = 98")  # the row count stays the same
    days_later(monkeypatch, 1)
    polled = pipeline.poll()
    assert polled.changes == {"department": {"I": 1, "U": 0, "D": 1}}
    assert polled.health.missed_rows == 0


def test_missed_edit_is_found_by_the_audit_and_counted_once(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    miss_every_change(monkeypatch)
    simulator.edit_sales_order_silently()
    assert pipeline.poll().changes == {}
    days_later(monkeypatch, 1)
    polled = pipeline.poll()
    assert polled.changes == {"sales_order": ONE_EDIT}
    assert polled.health.missed_rows == 1
    assert pipeline.lake.audits.of(today(pipeline) + timedelta(days=1)).missed == {"sales_order": 1}
    assert pipeline.poll().health.missed_rows == 0


def test_deletion_hidden_by_a_missed_insertion_is_found_by_the_audit_and_counted(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    source.run("INSERT INTO department VALUES (98, 'Late', NULL, NULL, now(), now())")
    pipeline.poll()
    miss_every_change(monkeypatch)
    source.run("DELETE FROM department WHERE department_id = 98")
    source.run("INSERT INTO department VALUES (99, 'Late', NULL, NULL, now(), now())")
    assert pipeline.poll().changes == {}
    days_later(monkeypatch, 1)
    polled = pipeline.poll()
    assert polled.changes == {"department": {"I": 1, "U": 0, "D": 1}}
    assert polled.health.missed_rows == 2


def test_missed_insertion_that_the_row_count_shows_is_counted_without_an_audit(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    miss_every_change(monkeypatch)
    source.run("INSERT INTO department VALUES (98, 'Late', NULL, NULL, now(), now())")
    assert pipeline.poll().health.missed_rows == 1


def test_full_read_replaces_buckets_that_a_failed_attempt_has_written(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    """The incremental read misses an edit in the first bucket and puts it without that edit; then
    the row count of the second bucket reveals a missed insertion."""
    put: list[int] = []
    put_one = MirrorWriter.put

    def recording(self, bucket, rows):
        put.append(bucket)
        put_one(self, bucket, rows)
        self._pending.popleft().result()  # the object is written before the attempt fails

    monkeypatch.setattr(MirrorWriter, "put", recording)
    insert = "INSERT INTO department VALUES (:key, 'Late', NULL, NULL, now(), now())"
    source.run("UPDATE department SET location = 'Here' WHERE department_id = 1")
    source.run(insert, key=20000)
    source.run(insert, key=99)
    [[seen]] = source.run("SELECT xmin::text::bigint FROM department WHERE department_id = 99")
    only_99 = render("xmin::text::bigint = {seen}", seen=seen)
    monkeypatch.setattr(XidRange, "condition", property(lambda _: only_99))
    polled = pipeline.poll()
    assert put == [0, 0, 1]
    assert polled.changes == {"department": {"I": 2, "U": 1, "D": 0}}
    assert polled.health.missed_rows == 2


def test_audit_whose_batch_was_not_committed_is_due_again(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    def too_late(*_: object) -> None:
        raise SeqTaken("another run has it")

    miss_every_change(monkeypatch)
    simulator.edit_sales_order_silently()
    days_later(monkeypatch, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Log, "commit", too_late)
        assert pipeline.poll().health.missed_rows == 0
    assert not pipeline.lake.audits.has(today(pipeline) + timedelta(days=1))
    assert pipeline.poll().health.missed_rows == 1


def test_audit_that_is_killed_before_its_record_is_repeated_without_a_change(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    simulator.edit_sales_order_silently()
    days_later(monkeypatch, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Audits, "record", die)
        with pytest.raises(KeyboardInterrupt):
            pipeline.poll()
    assert pipeline.lake.batches.head_seq() == 2
    polled = pipeline.poll()
    assert (polled.seq, polled.changes) == (2, {})
    assert pipeline.lake.audits.has(today(pipeline) + timedelta(days=1))


def test_reread_reads_the_named_tables_in_full_and_no_others(
    pipeline: Pipeline, read_in_full: set[str]
):
    assert pipeline.poll(reread=["staff", "payment"]).changes == {}
    assert read_in_full == {"staff", "payment"}
    assert pipeline.lake.batches.head_seq() == 1


def test_reread_finds_missed_rows_and_keeps_the_mirrors_of_other_tables(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    miss_every_change(monkeypatch)
    simulator.edit_sales_order_silently()
    pipeline.poll()
    polled = pipeline.poll(reread=["sales_order"])
    assert polled.changes == {"sales_order": ONE_EDIT}
    assert polled.health.missed_rows == 1
    first, second = pipeline.lake.batches.after(0)
    assert set(second.mirror) == ALL
    assert second.mirror["payment"] == first.mirror["payment"]


def test_reread_of_a_quiet_source_finds_rows_that_its_mirror_does_not_have(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    simulator.edit_sales_order_silently()
    monkeypatch.setattr(batch, "choose_scope", lambda *_: NoRead())
    assert pipeline.poll().changes == {}
    polled = pipeline.poll(reread=["sales_order"])
    assert polled.changes == {"sales_order": ONE_EDIT}
    assert polled.health.missed_rows == 1
    assert set(pipeline.lake.batches.entry(2).mirror) == ALL


@pytest.mark.parametrize("option", ["reread", "allow_mass_delete"])
def test_unknown_table_is_an_error_that_lists_the_tables(pipeline: Pipeline, option: str):
    with pytest.raises(UnknownTable, match=r"no table orders, x\..* address, .*transaction\."):
        pipeline.poll(**{option: ["x", "staff", "orders"]})
