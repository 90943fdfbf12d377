"""One entry a batch, oldest first, committed once whoever else runs."""

from msgspec.structs import replace
from pathlib import Path

import pytest

from glue_jobs.build.batches import BatchOutput, build
from glue_jobs.errors import ContractsChanged
from lake import Lake, new_run
from lake.entries import Batch, BuildEntry, Output
from tests.lake_builder import LakeBuilder


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with three batches."""
    builder = LakeBuilder(tmp_path)
    for _ in range(3):
        builder.insert()
    return builder.lake


def nothing(_batch: Batch) -> BatchOutput:
    return BatchOutput({})


def test_every_pending_batch_is_committed_oldest_first(lake: Lake):
    seen: list[int] = []

    def make(batch: Batch) -> BatchOutput:
        assert lake.facts.head_seq() == batch.seq - 1
        seen.append(batch.seq)
        return nothing(batch)

    assert build(lake.batches, lake.facts, make, new_run()) == 3
    assert seen == [1, 2, 3]


def test_nothing_pending_is_nothing_done(lake: Lake):
    build(lake.batches, lake.facts, nothing, new_run())

    assert build(lake.batches, lake.facts, nothing, new_run()) == 0


def test_where_another_run_is_ahead_this_one_stops_and_changes_nothing(lake: Lake):
    def overtaken(batch: Batch) -> BatchOutput:
        if batch.seq == 2:
            build(lake.batches, lake.facts, nothing, "other")
        return BatchOutput({"fact": Output(("ours",), 1)})

    assert build(lake.batches, lake.facts, overtaken, "ours") == 1
    assert [entry.run for entry in lake.facts.after(0)] == ["ours", "other", "other"]


def test_after_a_failure_the_next_run_goes_on_with_the_same_batch(lake: Lake):
    def failing(batch: Batch) -> BatchOutput:
        if batch.seq == 2:
            raise OSError("no space left")
        return nothing(batch)

    with pytest.raises(OSError, match="no space left"):
        build(lake.batches, lake.facts, failing, new_run())

    assert lake.facts.head_seq() == 1
    assert build(lake.batches, lake.facts, nothing, new_run()) == 2


def test_a_commit_that_went_through_unanswered_is_ours(lake: Lake):
    def answered_late(batch: Batch) -> BatchOutput:
        if batch.seq == 1:
            entry = next(lake.batches.after(0))
            lake.facts.commit(BuildEntry(1, "ours", entry.committed_at, {}))
        return nothing(batch)

    assert build(lake.batches, lake.facts, answered_late, "ours") == 3


def test_open_quarantine_is_carried_on(lake: Lake):
    def make(batch: Batch) -> BatchOutput:
        return BatchOutput({}, {"sales_order": Output(("key",), 2)} if batch.seq != 2 else {})

    build(lake.batches, lake.facts, make, new_run())

    assert [entry.open_quarantined for entry in lake.facts.after(0)] == [2, 2, 4]


def test_entries_are_readable_again(lake: Lake):
    made = BatchOutput({"fact": Output(("a", "b"), 3)}, {"sales_order": Output(("c",), 1)})
    moment = next(lake.batches.after(0)).committed_at

    build(lake.batches, lake.facts, lambda _: made, "ours", lambda: moment)

    expected = BuildEntry(1, "ours", moment, made.tables, made.quarantined, 1, quarantined_total=1)
    assert lake.facts.entry(1) == expected
    assert lake.facts.entry(2) == replace(expected, seq=2, open_quarantined=2, quarantined_total=2)


def test_contracts_that_changed_within_a_generation_are_refused(lake: Lake) -> None:
    build(lake.batches, lake.facts, nothing, new_run(), contracts="before")
    assert build(lake.batches, lake.facts, nothing, new_run(), contracts="before") == 0
    with pytest.raises(ContractsChanged, match="rebuild --generation next"):
        build(lake.batches, lake.facts, nothing, new_run(), contracts="after")
