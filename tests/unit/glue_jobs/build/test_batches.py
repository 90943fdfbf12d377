"""Every batch gets one entry, oldest first, also with concurrent runs."""

from dataclasses import replace as replace_fields
from msgspec.structs import replace
from pathlib import Path

import pytest

import contracts
from contracts import Warehouse
from glue_jobs.build.batches import BatchOutput, PendingBatch, build
from glue_jobs.errors import ContractsChanged
from lake import Lake, new_run, now
from lake.entries import BuildEntry, Output
from tests.lake_builder import LakeBuilder


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake with three batches."""
    builder = LakeBuilder(tmp_path)
    for _ in range(3):
        builder.insert()
    return builder.lake


def build_nothing(_: PendingBatch) -> BatchOutput:
    return BatchOutput({})


def test_every_pending_batch_is_committed_oldest_first(lake: Lake):
    seen: list[int] = []

    def build_batch(pending: PendingBatch) -> BatchOutput:
        assert lake.facts.last_batch() == pending.batch.seq - 1
        seen.append(pending.batch.seq)
        return BatchOutput({})

    assert build(lake.batches, lake.facts, build_batch, new_run()) == 3
    assert seen == [1, 2, 3]


def test_without_pending_batches_no_entry_is_committed(lake: Lake):
    build(lake.batches, lake.facts, build_nothing, new_run())

    assert build(lake.batches, lake.facts, build_nothing, new_run()) == 0


def test_run_that_another_one_overtakes_stops_and_changes_nothing(lake: Lake):
    def overtaken(pending: PendingBatch) -> BatchOutput:
        if pending.batch.seq == 2:
            build(lake.batches, lake.facts, build_nothing, "other")
        return BatchOutput({"fact": Output(("key",), 1)})

    assert build(lake.batches, lake.facts, overtaken, "this") == 1
    assert [entry.run for entry in lake.facts.after(0)] == ["this", "other", "other"]


def test_run_after_a_failure_continues_with_the_same_batch(lake: Lake):
    def fail_at_2(pending: PendingBatch) -> BatchOutput:
        if pending.batch.seq == 2:
            raise OSError("no space left")
        return BatchOutput({})

    with pytest.raises(OSError, match="no space left"):
        build(lake.batches, lake.facts, fail_at_2, new_run())

    assert lake.facts.last_batch() == 1
    assert build(lake.batches, lake.facts, build_nothing, new_run()) == 2


def test_commit_whose_response_was_lost_belongs_to_its_run(lake: Lake):
    def commit_1(pending: PendingBatch) -> BatchOutput:
        if pending.batch.seq == 1:
            entry = next(lake.batches.after(0))
            lake.facts.commit(BuildEntry(1, "this", entry.committed_at, {}))
        return BatchOutput({})

    assert build(lake.batches, lake.facts, commit_1, "this") == 3


def test_open_quarantined_rows_add_up(lake: Lake):
    def quarantine(pending: PendingBatch) -> BatchOutput:
        rows = {"sales_order": Output(("key",), 2)}
        return BatchOutput({}, rows if pending.batch.seq != 2 else {})

    build(lake.batches, lake.facts, quarantine, new_run())

    assert [entry.open_quarantined for entry in lake.facts.after(0)] == [2, 2, 4]


def test_entries_record_the_output(lake: Lake):
    output = BatchOutput({"fact": Output(("a", "b"), 3)}, {"sales_order": Output(("c",), 1)})
    moment = next(lake.batches.after(0)).committed_at

    build(lake.batches, lake.facts, lambda _: output, "this", lambda: moment)

    expected = BuildEntry(1, "this", moment, output.tables, output.quarantined, 1, quarantined_total=1)
    assert lake.facts.entry(1) == expected
    assert lake.facts.entry(2) == replace(
        expected, seq=2, first=2, last=2, open_quarantined=2, quarantined_total=2
    )


def without(*names: str) -> Warehouse:
    """Return the contracts of the project without columns of that name."""
    tables = contracts.warehouse().tables.items()
    return Warehouse(
        {
            key: replace_fields(table, columns=tuple(c for c in table.columns if c.name not in names))
            for key, table in tables
        }
    )


def test_contracts_that_changed_within_a_generation_are_refused(lake: Lake) -> None:
    before = without("units_sold")
    build(lake.batches, lake.facts, build_nothing, new_run(), contracts=before)
    assert build(lake.batches, lake.facts, build_nothing, new_run(), contracts=before) == 0
    with pytest.raises(ContractsChanged, match="rebuild --generation next"):
        build(lake.batches, lake.facts, build_nothing, new_run(), contracts=contracts.warehouse())


def test_generation_of_a_version_without_change_seq_goes_on(lake: Lake) -> None:
    before, after = without("change_seq", "changed_at"), contracts.warehouse()
    lake.facts.commit(BuildEntry(1, new_run(), now(), {}, contracts=before.fingerprint))
    build(lake.batches, lake.facts, build_nothing, new_run(), contracts=after)
    recorded = [entry.contracts for entry in lake.facts.after(0)]
    assert recorded == [before.fingerprint, after.fingerprint, after.fingerprint]
    with pytest.raises(ContractsChanged):
        build(lake.batches, lake.facts, build_nothing, new_run(), contracts=before)


def test_each_batch_is_built_with_the_batch_before_it_and_its_entry(tmp_path: Path) -> None:
    builder, seen = LakeBuilder(tmp_path), list[PendingBatch]()
    lake = builder.lake

    def build_batch(pending: PendingBatch) -> BatchOutput:
        seen.append(pending)
        return BatchOutput({})

    for _ in range(2):  # the second run continues where the first one ended
        builder.insert()
        builder.insert()
        build(lake.batches, lake.facts, build_batch, new_run())
    batches, entries = list(lake.batches.after(0)), list(lake.facts.after(0))
    assert seen == [
        PendingBatch(batches[0]),
        *(PendingBatch(batches[n], batches[n - 1], entries[n - 1]) for n in (1, 2, 3)),
    ]
