"""The health metrics of a poll."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from pg8000.native import Connection

from lake import new_run, now
from lake.entries import BuildEntry, LoadEntry
from postgres import connected
from tests.integration.ingestion_lambda.conftest import Pipeline
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime


def test_freshness_is_the_age_of_the_oldest_batch_that_is_not_loaded(
    pipeline: Pipeline, simulator: Simulator
):
    assert pipeline.poll().health.freshness < 60
    head = pipeline.lake.batches.entry(1)
    for seq, hours in ((2, 2), (3, 1)):
        before = now() - timedelta(hours=hours)
        pipeline.lake.batches.commit(replace(head, seq=seq, run=str(seq), committed_at=before))
    pipeline.lake.loads.commit(LoadEntry(1, new_run(), now()))
    assert pipeline.poll().health.freshness == pytest.approx(7200, abs=60)
    pipeline.lake.loads.commit(LoadEntry(2, new_run(), now()))
    assert pipeline.poll().health.freshness == pytest.approx(3600, abs=60)
    pipeline.lake.loads.commit(LoadEntry(3, new_run(), now()))
    assert pipeline.poll().health.freshness == 0


def test_quarantined_counts_the_open_rows_of_the_facts_log(pipeline: Pipeline):
    assert pipeline.poll().health.quarantined == 0
    pipeline.lake.facts.commit(BuildEntry(1, new_run(), now(), {}, {}, 3))
    assert pipeline.poll().health.quarantined == 3


def test_horizon_age_is_0_while_no_transaction_outlasts_a_batch(
    pipeline: Pipeline, simulator: Simulator
):
    for _ in range(3):
        simulator.edit_sales_order_silently()
        assert pipeline.poll().health.horizon_age == 0


def test_horizon_age_grows_from_the_first_batch_during_the_transaction(
    pipeline: Pipeline, simulator: Simulator
):
    pipeline.poll()
    with connected(pipeline.address, "writes for long") as late:
        start(late)
        simulator.edit_sales_order_silently()
        assert pipeline.poll().health.horizon_age == 0  # its beginning is unknown
        met = pipeline.lake.batches.entry(2)
        age = 0.0
        for seq in (3, 4):
            simulator.edit_sales_order_silently()
            age = pipeline.poll().health.horizon_age
            this = pipeline.lake.batches.entry(seq)
            assert age == pytest.approx((this.observed_at - met.observed_at).total_seconds())
            assert this.position.running_since == met.observed_at
        quiet = pipeline.poll().health.horizon_age
        assert quiet > age
        late.run("COMMIT")
    assert pipeline.poll().health.horizon_age == 0


def test_horizon_age_of_the_next_oldest_is_known_from_the_last_batch(
    pipeline: Pipeline, simulator: Simulator
):
    pipeline.poll()
    with (
        connected(pipeline.address, "older") as older,
        connected(pipeline.address, "younger") as younger,
    ):
        start(older)
        start(younger)
        simulator.edit_sales_order_silently()
        pipeline.poll()
        simulator.edit_sales_order_silently()
        pipeline.poll()
        older.run("COMMIT")
        age = pipeline.poll().health.horizon_age
        last = pipeline.lake.batches.head()
        assert last is not None
        assert last.position.running_since == pipeline.lake.batches.entry(2).observed_at
        assert 0 < age < (now().replace(tzinfo=None) - last.observed_at).total_seconds() + 1
        younger.run("COMMIT")


def start(connection: Connection) -> None:
    connection.run("BEGIN")
    connection.run("SELECT pg_current_xact_id()")
