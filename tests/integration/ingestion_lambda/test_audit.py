"""Once a day everything is read, whatever the horizon says; and any table on demand."""

from datetime import date, timedelta

import pytest
from pg8000.native import Connection

import contracts
from ingestion_lambda import batch, table_poll
from ingestion_lambda.errors import UnknownTable
from ingestion_lambda.mirror import mirror
from ingestion_lambda.mirror.mirror import Mirror
from ingestion_lambda.source import snapshot
from ingestion_lambda.source.scope import FullRead, NoRead, XidRange
from lake import SeqTaken
from lake.audits import Audits
from lake.log import Log
from postgres import Sql, render
from tests.integration.ingestion_lambda.conftest import Pipeline
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime

ALL = set(contracts.source().tables)
ONE_EDIT = {"I": 0, "U": 1, "D": 0}


@pytest.fixture(autouse=True)
def first_poll(pipeline: Pipeline) -> None:
    pipeline.poll()


@pytest.fixture
def read_in_full(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The tables of which every row was read."""
    names: set[str] = set()
    differences = table_poll.TablePoll.differences

    def recording(self, mirror, scope):
        if isinstance(scope, FullRead):
            names.add(self.name)
        return differences(self, mirror, scope)

    monkeypatch.setattr(table_poll.TablePoll, "differences", recording)
    return names


def days_later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """The source's clock goes on."""
    clock = "clock_timestamp()"
    later = f"({clock} + interval '{days} day')"
    monkeypatch.setattr(snapshot, "SNAPSHOT", snapshot.SNAPSHOT.replace(clock, later))


def overlook_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row seems to have changed since the horizon."""
    monkeypatch.setattr(XidRange, "condition", property(lambda _: Sql("FALSE")))


def today(pipeline: Pipeline) -> date:
    return pipeline.lake.batches.entry(1).observed_at.date()


def test_first_poll_of_a_lake_is_the_audit_of_its_day(pipeline: Pipeline, read_in_full: set[str]):
    audit = pipeline.lake.audits.of(today(pipeline))
    assert (audit.seq, audit.missed) == (1, {})
    assert pipeline.poll().changes == {}
    assert read_in_full == set()


def test_first_poll_of_a_day_reads_everything_of_a_quiet_source_and_commits_nothing(
    pipeline: Pipeline, read_in_full: set[str], monkeypatch: pytest.MonkeyPatch
):
    days_later(monkeypatch, 1)
    polled = pipeline.poll()
    assert read_in_full == ALL
    assert (polled.seq, polled.changes, polled.figures.missed_rows) == (1, {}, 0)
    assert pipeline.lake.audits.has(today(pipeline) + timedelta(days=1))


def test_second_poll_of_a_day_reads_no_more_than_it_must(
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


def test_what_the_horizon_shows_was_not_missed(
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
    source.run("DELETE FROM department WHERE department_id = 98")  # the count stays as it was
    days_later(monkeypatch, 1)
    polled = pipeline.poll()
    assert polled.changes == {"department": {"I": 1, "U": 0, "D": 1}}
    assert polled.figures.missed_rows == 0


def test_edit_that_polls_overlooked_is_found_and_counted_once(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    overlook_everything(monkeypatch)
    simulator.edit_sales_order_silently()
    assert pipeline.poll().changes == {}
    days_later(monkeypatch, 1)
    polled = pipeline.poll()
    assert polled.changes == {"sales_order": ONE_EDIT}
    assert polled.figures.missed_rows == 1
    assert pipeline.lake.audits.of(today(pipeline) + timedelta(days=1)).missed == {"sales_order": 1}
    assert pipeline.poll().figures.missed_rows == 0


def test_deletion_hidden_behind_an_overlooked_insertion_is_found_and_counted(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    source.run("INSERT INTO department VALUES (98, 'Late', NULL, NULL, now(), now())")
    pipeline.poll()
    overlook_everything(monkeypatch)
    source.run("DELETE FROM department WHERE department_id = 98")
    source.run("INSERT INTO department VALUES (99, 'Late', NULL, NULL, now(), now())")
    assert pipeline.poll().changes == {}
    days_later(monkeypatch, 1)
    polled = pipeline.poll()
    assert polled.changes == {"department": {"I": 1, "U": 0, "D": 1}}
    assert polled.figures.missed_rows == 2


def test_insertion_that_the_count_gives_away_is_counted_without_an_audit(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    overlook_everything(monkeypatch)
    source.run("INSERT INTO department VALUES (98, 'Late', NULL, NULL, now(), now())")
    assert pipeline.poll().figures.missed_rows == 1


def test_all_is_read_where_a_part_was_written_already(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    """The first bucket is put as the horizon shows it, without the edit that it overlooks; then
    the count of the second gives the overlooking away."""
    put: list[int] = []
    put_one = Mirror._put

    def recording(self, written):
        put.append(written[0])
        return put_one(self, written)

    monkeypatch.setattr(Mirror, "_put", recording)
    monkeypatch.setattr(mirror, "map_concurrently", map)  # one at a time
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
    assert polled.figures.missed_rows == 2


def test_audit_whose_finds_were_not_committed_is_due_again(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    def too_late(*_: object) -> None:
        raise SeqTaken("another run has it")

    overlook_everything(monkeypatch)
    simulator.edit_sales_order_silently()
    days_later(monkeypatch, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Log, "commit", too_late)
        assert pipeline.poll().figures.missed_rows == 0
    assert not pipeline.lake.audits.has(today(pipeline) + timedelta(days=1))
    assert pipeline.poll().figures.missed_rows == 1


def test_audit_that_dies_before_it_is_recorded_is_repeated_and_finds_nothing_more(
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


def test_table_named_is_read_in_full_and_no_other(pipeline: Pipeline, read_in_full: set[str]):
    assert pipeline.poll(reread=["staff", "payment"]).changes == {}
    assert read_in_full == {"staff", "payment"}
    assert pipeline.lake.batches.head_seq() == 1


def test_rereading_finds_what_polls_overlooked_and_keeps_the_other_mirrors(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    overlook_everything(monkeypatch)
    simulator.edit_sales_order_silently()
    pipeline.poll()
    polled = pipeline.poll(reread=["sales_order"])
    assert polled.changes == {"sales_order": ONE_EDIT}
    assert polled.figures.missed_rows == 1
    first, second = pipeline.lake.batches.after(0)
    assert set(second.mirror) == ALL
    assert second.mirror["payment"] == first.mirror["payment"]


def test_rereading_a_quiet_source_finds_what_its_mirror_lacks(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    simulator.edit_sales_order_silently()
    monkeypatch.setattr(batch, "scope", lambda *_: NoRead())
    assert pipeline.poll().changes == {}
    polled = pipeline.poll(reread=["sales_order"])
    assert polled.changes == {"sales_order": ONE_EDIT}
    assert polled.figures.missed_rows == 1
    assert set(pipeline.lake.batches.entry(2).mirror) == ALL


@pytest.mark.parametrize("option", ["reread", "allow_mass_delete"])
def test_unknown_table_is_an_error_that_names_the_tables_there_are(pipeline: Pipeline, option: str):
    with pytest.raises(UnknownTable, match=r"no table orders, x; .* address, .*transaction\."):
        pipeline.poll(**{option: ["x", "staff", "orders"]})
