"""Every change of the source lands once, whether or not it changes last_updated."""

from datetime import timedelta

import pytest
from pg8000.native import Connection

import contracts
from ingestion_lambda.bus import DETAIL_TYPE
from ingestion_lambda.source import snapshot
from lake import LakeUnavailable, now
from lake.attempts import PUBLISH
from lake.entries import PublishEntry
from lake.mirror_map import mirror_map
from lake.recording import Recording
from postgres import render, value
from publish.errors import OutdatedFile
from tests.integration.ingestion_lambda.conftest import (
    Pipeline,
    both_ways,
    mirrored_rows,
    source_rows,
)
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime

ONE_EDIT = {"I": 0, "U": 1, "D": 0}


def test_first_poll_lands_every_row_of_all_tables_as_it_is(pipeline: Pipeline, source: Connection):
    polled = pipeline.poll()
    assert polled.seq == 1
    for table in contracts.source().tables:
        rows = source_rows(source, table)
        assert polled.changes[table] == {"I": len(rows), "U": 0, "D": 0}
        assert mirrored_rows(pipeline, table) == rows
        assert {row["op"] for row in pipeline.landed(table)} == {"I"}


def test_poll_without_a_change_commits_nothing(pipeline: Pipeline):
    pipeline.poll()
    again = pipeline.poll()
    assert (again.seq, again.changes) == (1, {})


def test_transaction_in_another_table_makes_no_batch(pipeline: Pipeline, source: Connection):
    pipeline.poll()
    source.run("CREATE TABLE elsewhere (id int); INSERT INTO elsewhere VALUES (1)")
    assert pipeline.poll().changes == {}


@both_ways
def test_silent_edit_is_one_update(pipeline: Pipeline, simulator: Simulator):
    pipeline.poll()
    edit = simulator.edit_sales_order_silently()
    assert pipeline.poll().changes == {"sales_order": ONE_EDIT}
    landed = pipeline.landed("sales_order")[-1]
    assert (landed["op"], landed["sales_order_id"]) == ("U", edit.key)
    assert pipeline.poll().changes == {}


def test_order_with_its_transaction_and_payment_is_three_inserts(
    pipeline: Pipeline, simulator: Simulator
):
    pipeline.poll()
    simulator.place_sales_order()
    one = {"I": 1, "U": 0, "D": 0}
    assert pipeline.poll().changes == {"sales_order": one, "transaction": one, "payment": one}


@both_ways
def test_row_written_in_a_savepoint_is_seen_and_a_rolled_back_one_is_not(
    pipeline: Pipeline, simulator: Simulator
):
    pipeline.poll()
    simulator.place_order_in_savepoint()
    changes = pipeline.poll().changes
    assert sum(changes["transaction"].values()) == 1
    assert pipeline.poll().changes == {}


@both_ways
def test_late_commit_is_seen_by_the_poll_after_it(pipeline: Pipeline, simulator: Simulator):
    pipeline.poll()
    with simulator.late_order(pipeline.address):
        simulator.edit_sales_order_silently()
        assert pipeline.poll().changes == {"sales_order": ONE_EDIT}
        simulator.edit_sales_order_silently()
        assert set(pipeline.poll().changes) == {"sales_order"}
    late = pipeline.poll().changes
    assert late["transaction"] == {"I": 1, "U": 0, "D": 0}
    assert pipeline.poll().changes == {}


@both_ways
def test_deleted_order_is_a_deletion_with_its_last_values(pipeline: Pipeline, simulator: Simulator):
    pipeline.poll()
    before = {row["sales_order_id"]: row for row in pipeline.mirrored("sales_order")}
    deleted = simulator.delete_sales_order()
    assert pipeline.poll().changes == {
        "sales_order": {"I": 0, "U": 0, "D": 1},
        "transaction": ONE_EDIT,  # its reference is nulled, and nothing says so but the row
    }
    landed = pipeline.landed("sales_order")[-1]
    assert landed["op"] == "D"
    assert {**before[deleted], **landed} == landed
    assert deleted not in {row["sales_order_id"] for row in pipeline.mirrored("sales_order")}
    assert pipeline.poll().changes == {}


@both_ways
def test_key_inserted_again_after_its_deletion_is_an_insert(pipeline: Pipeline, source: Connection):
    pipeline.poll()
    source.run("INSERT INTO department VALUES (99, 'Late', NULL, NULL, now(), now())")
    pipeline.poll()
    source.run("DELETE FROM department WHERE department_id = 99")
    pipeline.poll()
    source.run("INSERT INTO department VALUES (99, 'Late', NULL, NULL, now(), now())")
    pipeline.poll()
    assert [row["op"] for row in pipeline.landed("department")][-3:] == ["I", "D", "I"]


def test_edit_reversed_before_the_next_poll_makes_no_batch(pipeline: Pipeline, source: Connection):
    pipeline.poll()
    source.run("UPDATE staff SET first_name = 'A' || first_name WHERE staff_id = 1")
    source.run("UPDATE staff SET first_name = substr(first_name, 2) WHERE staff_id = 1")
    assert pipeline.poll().changes == {}


@both_ways
def test_edit_reversed_after_a_poll_is_two_updates(pipeline: Pipeline, source: Connection):
    pipeline.poll()
    source.run("UPDATE staff SET first_name = 'A' || first_name WHERE staff_id = 1")
    assert pipeline.poll().changes == {"staff": ONE_EDIT}
    source.run("UPDATE staff SET first_name = substr(first_name, 2) WHERE staff_id = 1")
    assert pipeline.poll().changes == {"staff": ONE_EDIT}


@pytest.mark.parametrize(("before", "after"), [(None, ""), ("", None), ("x", None), (None, "NULL")])
def test_null_and_empty_text_are_two_values(
    pipeline: Pipeline, source: Connection, before: str | None, after: str | None
):
    update = "UPDATE address SET district = {district} WHERE address_id = 1"
    source.run(render(update, district=value(before)))
    pipeline.poll()
    source.run(render(update, district=value(after)))
    assert pipeline.poll().changes == {"address": ONE_EDIT}
    assert mirrored_rows(pipeline, "address") == source_rows(source, "address")


def test_table_rewrite_makes_no_batch(pipeline: Pipeline, source: Connection):
    pipeline.poll()
    source.run("ALTER TABLE staff ALTER COLUMN email_address TYPE varchar(200)")
    assert pipeline.poll().changes == {}


@pytest.mark.parametrize("statement", ["VACUUM FULL sales_order", "VACUUM FREEZE sales_order"])
def test_maintenance_makes_no_batch(pipeline: Pipeline, source: Connection, statement: str):
    pipeline.poll()
    source.run(statement)
    assert pipeline.poll().changes == {}


@both_ways
def test_rows_in_many_buckets_and_below_zero_are_distinguished(
    pipeline: Pipeline, source: Connection
):
    keys = [-40000, -1, 16383, 16384, 70000]
    for key in keys:
        source.run("INSERT INTO department VALUES (:key, 'Far', NULL, NULL, now(), now())", key=key)
    pipeline.poll()
    source.run("DELETE FROM department WHERE department_id IN (-40000, 16384)")
    source.run("UPDATE department SET location = 'Here' WHERE department_id IN (-1, 16383)")
    assert pipeline.poll().changes == {"department": {"I": 0, "U": 2, "D": 2}}
    assert mirrored_rows(pipeline, "department") == source_rows(source, "department")


def test_only_the_buckets_that_changed_are_written(pipeline: Pipeline, source: Connection):
    source.run(
        "INSERT INTO department"
        " SELECT g * 16384, 'Far', NULL, NULL, now(), now() FROM generate_series(1, 5) g"
    )
    pipeline.poll()
    [before] = list(pipeline.lake.batches.after(0))
    source.run("UPDATE department SET location = 'Here' WHERE department_id = 49152")
    pipeline.poll()
    after = pipeline.lake.batches.entry(2)
    store = pipeline.lake.ingestion
    now, then = (mirror_map(store, batch, "department") for batch in (after, before))
    assert [set(buckets) for buckets in now.differing(then)] == [{3}, {3}]
    assert after.mirror["staff"] == before.mirror["staff"]


@both_ways
def test_observed_at_is_the_source_clock_and_increases_if_the_clock_goes_back(
    pipeline: Pipeline,
    simulator: Simulator,
    source: Connection,
    monkeypatch: pytest.MonkeyPatch,
):
    [[before]] = source.run("SELECT clock_timestamp()::timestamp")
    pipeline.poll()
    [[after]] = source.run("SELECT clock_timestamp()::timestamp")
    first = pipeline.lake.batches.entry(1)
    assert before <= first.observed_at <= after
    simulator.edit_sales_order_silently()
    clock = "clock_timestamp()"
    eleven_hours_earlier = snapshot.SNAPSHOT.replace(clock, f"({clock} - interval '11 hours')")
    monkeypatch.setattr(snapshot, "SNAPSHOT", eleven_hours_earlier)
    pipeline.poll()
    second = pipeline.lake.batches.entry(2)
    assert second.observed_at == first.observed_at + timedelta(microseconds=1)


def test_landed_file_matches_the_layout_and_the_entry(pipeline: Pipeline):
    pipeline.poll()
    entry = pipeline.lake.batches.entry(1)
    file = entry.tables["sales_order"].file
    day = entry.observed_at.date()
    assert file.key == (
        f"totesys/sales_order/observed_date={day}/batch={1:020d}-{entry.run}/part.parquet"
    )
    assert (pipeline.folder / "ingestion" / file.key).stat().st_size == file.bytes
    assert {row["batch_seq"] for row in pipeline.landed("sales_order")} == {1}
    assert {row["observed_at"] for row in pipeline.landed("sales_order")} == {entry.observed_at}


def test_event_describes_the_committed_batch(pipeline: Pipeline):
    polled = pipeline.poll()
    [event] = pipeline.bus.events
    assert (event["source"], event["detail-type"]) == ("totesys.ingestion", DETAIL_TYPE)
    assert event["detail"]["seq"] == 1
    assert event["detail"]["tables"] == polled.changes


def test_event_is_sent_again_by_every_poll_while_the_load_lags(
    pipeline: Pipeline, simulator: Simulator
):
    pipeline.poll()
    assert pipeline.poll().emitted
    pipeline.load()
    assert not pipeline.poll().emitted
    simulator.edit_sales_order_silently()
    assert pipeline.poll().emitted


def test_event_is_sent_again_while_what_is_loaded_is_not_published(pipeline: Pipeline):
    pipeline.poll(publishes=True)
    pipeline.load()
    unpublished = pipeline.poll(publishes=True)
    assert (unpublished.changes, unpublished.emitted) == ({}, True)
    assert unpublished.health.publishing_lag
    assert not pipeline.poll().emitted, "no job publishes"
    pipeline.lake.published.commit(PublishEntry(1, "run", now(), {}, {"batches": 1}))
    published = pipeline.poll(publishes=True)
    assert not published.emitted
    assert published.health.publishing_lag == 0


def test_no_event_for_a_file_that_stays_refused(pipeline: Pipeline):
    pipeline.poll(publishes=True)
    pipeline.load()
    with pytest.raises(OutdatedFile), Recording(pipeline.lake.attempts, PUBLISH, "run"):
        raise OutdatedFile("A file has no field ids.")
    refused = pipeline.poll(publishes=True)
    assert not refused.emitted
    assert refused.health.publishing_lag


def test_failed_publication_is_repeated_once_in_a_pause(pipeline: Pipeline):
    """A pause limits the runs, and a failed publication loads nothing that would begin one."""
    pipeline.poll(publishes=True)
    pipeline.load(ago=timedelta(hours=2))
    pipeline.pause = timedelta(hours=1)
    assert pipeline.poll(publishes=True).emitted
    with pytest.raises(LakeUnavailable), Recording(pipeline.lake.attempts, PUBLISH, "run"):
        raise LakeUnavailable("The role may not write.")
    assert not pipeline.poll(publishes=True).emitted
    pipeline.pause = timedelta()
    assert pipeline.poll(publishes=True).emitted


def test_no_event_while_the_workflow_runs(pipeline: Pipeline):
    pipeline.bus.runs = True
    assert not pipeline.poll().emitted
    pipeline.bus.runs = False
    assert pipeline.poll().emitted


def test_event_waits_for_the_pause_after_a_load_and_then_comes_without_another_change(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    pipeline.pause = timedelta(minutes=10)
    assert pipeline.poll().emitted, "nothing was loaded before"
    pipeline.load()
    simulator.edit_sales_order_silently()
    assert pipeline.poll().emitted is False
    assert pipeline.lake.batches.head_seq() == 2
    assert pipeline.poll().emitted is False
    later = now() + timedelta(minutes=10)
    monkeypatch.setattr("ingestion_lambda.poll.now", lambda: later)
    quiet = pipeline.poll()
    assert (quiet.changes, quiet.emitted) == ({}, True)
    assert pipeline.poll().emitted, "a lost event is repeated"


@pytest.mark.parametrize("ago", [timedelta(minutes=10), timedelta(days=3)])
def test_event_does_not_wait_if_the_last_load_is_older_than_the_pause(
    pipeline: Pipeline, simulator: Simulator, ago: timedelta
):
    pipeline.pause = timedelta(minutes=10)
    pipeline.poll()
    pipeline.load(ago)
    simulator.edit_sales_order_silently()
    assert pipeline.poll().emitted


def test_no_batch_waits_longer_than_the_pause_even_if_the_clock_of_the_load_is_wrong(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    pipeline.pause = timedelta(minutes=10)
    pipeline.poll()
    pipeline.load(ago=timedelta(days=-1))
    simulator.edit_sales_order_silently()
    assert not pipeline.poll().emitted
    later = now() + timedelta(minutes=10)
    monkeypatch.setattr("lake.freshness.now", lambda: later)
    assert pipeline.poll().emitted


def test_empty_source_makes_no_batch_and_its_first_row_does(pipeline: Pipeline, source: Connection):
    tables = ", ".join(contracts.source().tables)
    source.run(f"TRUNCATE {tables} CASCADE")
    assert pipeline.poll().seq == 0
    source.run("INSERT INTO department VALUES (1, 'First', NULL, NULL, now(), now())")
    assert pipeline.poll().changes == {"department": {"I": 1, "U": 0, "D": 0}}
