"""The position of a batch, and batches without a changed row."""

import pytest
from msgspec.structs import replace
from pg8000.native import Connection

from ingestion_lambda import batch
from lake.entries import Batch
from tests.integration.ingestion_lambda.conftest import Pipeline
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime


def test_horizon_is_kept_while_the_wal_is_not_flushed(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    monkeypatch.setattr(batch, "is_flushed", lambda *_: False)
    simulator.edit_sales_order_silently()
    pipeline.poll()
    first, second = pipeline.lake.batches.after(0)
    assert second.position.xmin > first.position.xmin
    assert second.position.horizon == first.position.horizon


def test_first_horizon_is_the_last_checkpoint_while_the_wal_is_not_flushed(
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


def test_horizon_above_ids_that_went_back_is_dropped(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    """A source restored from an older copy, while its WAL is not yet flushed."""
    pipeline.poll()
    head = pipeline.lake.batches.entry(1)
    later = replace(head.position, xmin=head.position.xmin + 500, xmax=head.position.xmax + 500)
    later = replace(later, horizon=later.xmin)
    ahead: Batch = replace(head, seq=2, run="later", position=later)
    pipeline.lake.batches.commit(ahead)
    source.run("UPDATE staff SET first_name = 'Restored' WHERE staff_id = 1")
    with monkeypatch.context() as patch:
        patch.setattr(batch, "is_flushed", lambda *_: False)
        pipeline.poll()
    source.run("UPDATE staff SET first_name = 'Seen' WHERE staff_id = 2")
    assert pipeline.poll().changes["staff"] == {"I": 0, "U": 1, "D": 0}


def test_source_that_changed_its_identity_but_no_row_is_read_in_full_once(
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
