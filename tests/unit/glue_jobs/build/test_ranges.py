"""Every batch is covered by one entry, oldest first, also with concurrent runs."""

from collections.abc import Callable
from dataclasses import replace as replace_fields
from pathlib import Path

import pytest
from msgspec.structs import replace

import contracts
from contracts import Warehouse
from glue_jobs.build import ranges
from glue_jobs.build.ranges import Bounds, PendingRange, RangeOutput, build
from glue_jobs.errors import ContractsChanged
from glue_jobs.time_limit import TimeLimit
from lake import Lake, new_run, now
from lake.entries import BuildEntry, Output
from tests.lake_builder import LakeBuilder, row


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake with three batches."""
    builder = LakeBuilder(tmp_path)
    for _ in range(3):
        builder.insert()
    return builder.lake


BY_BATCH = Bounds(rows=1)


def build_nothing(_: PendingRange) -> RangeOutput:
    return RangeOutput({})


def test_every_pending_batch_is_committed_oldest_first(lake: Lake):
    seen: list[int] = []

    def build_batch(pending: PendingRange) -> RangeOutput:
        assert lake.facts.last_batch() == pending.first - 1
        seen.append(pending.first)
        return RangeOutput({})

    assert build(lake.batches, lake.facts, build_batch, new_run(), bounds=BY_BATCH) == 3
    assert seen == [1, 2, 3]


def test_without_pending_batches_no_entry_is_committed(lake: Lake):
    build(lake.batches, lake.facts, build_nothing, new_run(), bounds=BY_BATCH)

    assert build(lake.batches, lake.facts, build_nothing, new_run(), bounds=BY_BATCH) == 0


def test_shape_of_the_contracts_is_stored_before_the_first_entry_names_them(lake: Lake):
    """A later build compares its contracts with that shape."""
    warehouse, shapes, known = contracts.warehouse(), lake.shapes, list[bool]()

    def build_batch(_: PendingRange) -> RangeOutput:
        known.append(shapes.of(warehouse.fingerprint) is not None)
        return RangeOutput({})

    run = new_run()
    build(lake.batches, lake.facts, build_batch, run, contracts=warehouse, shapes=shapes)
    assert known == [True]


def test_run_that_another_one_overtakes_stops_and_changes_nothing(lake: Lake):
    def overtaken(pending: PendingRange) -> RangeOutput:
        if pending.first == 2:
            build(lake.batches, lake.facts, build_nothing, "other", bounds=BY_BATCH)
        return RangeOutput({"fact": Output(("key",), 1)})

    assert build(lake.batches, lake.facts, overtaken, "this", bounds=BY_BATCH) == 1
    assert [entry.run for entry in lake.facts.after(0)] == ["this", "other", "other"]


def test_run_after_a_failure_continues_with_the_same_batch(lake: Lake):
    def fail_at_2(pending: PendingRange) -> RangeOutput:
        if pending.first == 2:
            raise OSError("no space left")
        return RangeOutput({})

    with pytest.raises(OSError, match="no space left"):
        build(lake.batches, lake.facts, fail_at_2, new_run(), bounds=BY_BATCH)

    assert lake.facts.last_batch() == 1
    assert build(lake.batches, lake.facts, build_nothing, new_run(), bounds=BY_BATCH) == 2


def test_commit_whose_response_was_lost_belongs_to_its_run(lake: Lake):
    def commit_1(pending: PendingRange) -> RangeOutput:
        if pending.first == 1:
            entry = next(lake.batches.after(0))
            lake.facts.commit(BuildEntry(1, "this", entry.committed_at, {}))
        return RangeOutput({})

    assert build(lake.batches, lake.facts, commit_1, "this", bounds=BY_BATCH) == 3


def test_open_quarantined_rows_add_up(lake: Lake):
    def quarantine(pending: PendingRange) -> RangeOutput:
        rows = {"sales_order": Output(("key",), 2)}
        return RangeOutput({}, rows if pending.first != 2 else {})

    build(lake.batches, lake.facts, quarantine, new_run(), bounds=BY_BATCH)

    assert [entry.open_quarantined for entry in lake.facts.after(0)] == [2, 2, 4]


def test_entries_record_the_output(lake: Lake, monkeypatch: pytest.MonkeyPatch):
    output = RangeOutput({"fact": Output(("a", "b"), 3)}, {"sales_order": Output(("c",), 1)})
    moment = next(lake.batches.after(0)).committed_at

    monkeypatch.setattr(ranges, "now", lambda: moment)
    build(lake.batches, lake.facts, lambda _: output, "this", bounds=BY_BATCH)

    expected = BuildEntry(
        1, "this", moment, output.tables, output.quarantined, 1, quarantined_total=1
    )
    assert lake.facts.entry(1) == expected
    assert lake.facts.entry(2) == replace(
        expected, seq=2, first=2, last=2, open_quarantined=2, quarantined_total=2
    )


def without(*names: str) -> Warehouse:
    """Return the contracts of the project without columns of that name."""
    tables = contracts.warehouse().tables.items()
    return Warehouse(
        {
            key: replace_fields(
                table, columns=tuple(c for c in table.columns if c.name not in names)
            )
            for key, table in tables
        }
    )


def test_contracts_that_changed_within_a_generation_are_refused(lake: Lake) -> None:
    before = without("units_sold")
    build(lake.batches, lake.facts, build_nothing, new_run(), contracts=before, bounds=BY_BATCH)
    assert (
        build(lake.batches, lake.facts, build_nothing, new_run(), contracts=before, bounds=BY_BATCH)
        == 0
    )
    with pytest.raises(ContractsChanged, match="rebuild --generation next"):
        build(
            lake.batches,
            lake.facts,
            build_nothing,
            new_run(),
            contracts=contracts.warehouse(),
            bounds=BY_BATCH,
        )


def test_generation_of_a_version_without_change_seq_goes_on(lake: Lake) -> None:
    before, after = without("change_seq", "changed_at"), contracts.warehouse()
    lake.facts.commit(BuildEntry(1, new_run(), now(), {}, contracts=before.fingerprint))
    build(lake.batches, lake.facts, build_nothing, new_run(), contracts=after, bounds=BY_BATCH)
    recorded = [entry.contracts for entry in lake.facts.after(0)]
    assert recorded == [before.fingerprint, after.fingerprint, after.fingerprint]
    with pytest.raises(ContractsChanged):
        build(lake.batches, lake.facts, build_nothing, new_run(), contracts=before, bounds=BY_BATCH)


def test_each_batch_is_built_with_the_batch_before_it_and_its_entry(tmp_path: Path) -> None:
    builder, seen = LakeBuilder(tmp_path), list[PendingRange]()
    lake = builder.lake

    def build_batch(pending: PendingRange) -> RangeOutput:
        seen.append(pending)
        return RangeOutput({})

    for _ in range(2):  # the second run continues where the first one ended
        builder.insert()
        builder.insert()
        build(lake.batches, lake.facts, build_batch, new_run(), bounds=BY_BATCH)
    batches, entries = list(lake.batches.after(0)), list(lake.facts.after(0))
    assert seen == [
        PendingRange((batches[0],)),
        *(PendingRange((batches[n],), batches[n - 1], entries[n - 1]) for n in (1, 2, 3)),
    ]


def sizes(lake: Lake, bounds: Bounds) -> list[tuple[int, int]]:
    """Build the pending batches, and return the first and the last batch of each entry."""
    build(lake.batches, lake.facts, build_nothing, new_run(), bounds=bounds)
    return [(entry.first, entry.last) for entry in lake.facts.after(0)]


def test_pending_batches_are_one_range(lake: Lake) -> None:
    assert sizes(lake, Bounds()) == [(1, 3)]
    LakeBuilder(lake_folder(lake)).insert()
    assert sizes(lake, Bounds()) == [(1, 3), (4, 4)]


def lake_folder(lake: Lake) -> Path:
    return Path(lake.ingestion.uri("").removeprefix("file://")).parent


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (1, [(1, 1), (2, 2), (3, 3), (4, 4)]),
        (3, [(1, 2), (3, 3), (4, 4)]),
        (5, [(1, 2), (3, 4)]),
        (8, [(1, 4)]),
    ],
)
def test_ranges_are_bounded_by_landed_rows(
    tmp_path: Path, rows: int, expected: list[tuple[int, int]]
) -> None:
    builder = LakeBuilder(tmp_path)
    for number in (1, 2, 4, 1):  # a batch with more rows than the bound is a range of its own
        builder.insert(design=[row("design", key) for key in range(number)])
    assert sizes(builder.lake, Bounds(rows)) == expected


def test_range_has_the_batch_before_it_and_the_mirror_of_its_last_batch(tmp_path: Path) -> None:
    builder, seen = LakeBuilder(tmp_path), list[PendingRange]()
    for _ in range(2):
        for _ in range(3):
            builder.insert(design=[row("design", 1)])
        build(builder.lake.batches, builder.lake.facts, remembered(seen), new_run())
    batches = list(builder.lake.batches.after(0))
    assert [(each.first, each.last) for each in seen] == [(1, 3), (4, 6)]
    assert seen[1].previous_batch == batches[2]
    assert seen[1].previous_entry == builder.lake.facts.entry(1)
    assert [bool(batch.mirror) for batch in seen[1].batches] == [False, False, True]


def remembered(seen: list[PendingRange]) -> Callable[[PendingRange], RangeOutput]:
    """Return a function that builds nothing and adds the range to ``seen``."""

    def build_range(pending: PendingRange) -> RangeOutput:
        seen.append(pending)
        return RangeOutput({})

    return build_range


def test_of_two_builds_with_different_ends_one_commits_and_the_other_goes_on_after_it(
    lake: Lake,
) -> None:
    def overtaken(_: PendingRange) -> RangeOutput:
        LakeBuilder(lake_folder(lake)).insert()  # the other one sees a batch more
        build(lake.batches, lake.facts, build_nothing, "other")
        return RangeOutput({"fact": Output(("key",), 1)})

    assert build(lake.batches, lake.facts, overtaken, "this") == 0
    assert [(e.run, e.first, e.last) for e in lake.facts.after(0)] == [("other", 1, 4)]
    assert build(lake.batches, lake.facts, build_nothing, "this") == 0


def test_run_ends_before_its_time_limit_with_what_is_done_committed(lake: Lake) -> None:
    limit = TimeLimit(60)
    with limit.step():
        pass
    limit.longest = 25  # the next one is expected to take 2.5 times as long
    assert build(lake.batches, lake.facts, build_nothing, "this", bounds=Bounds(1, limit)) == 0
    limit.longest = 23
    assert build(lake.batches, lake.facts, build_nothing, "this", bounds=Bounds(1, limit)) == 3


def test_first_range_is_built_whatever_the_limit(lake: Lake) -> None:
    assert (
        build(lake.batches, lake.facts, build_nothing, "this", bounds=Bounds(1, TimeLimit(1e-9)))
        == 1
    )


def test_ranges_of_a_run_with_a_limit_begin_small_and_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "RANGE_BATCHES", 20)
    builder = LakeBuilder(tmp_path)
    for _ in range(17):
        builder.insert()
    assert sizes(builder.lake, Bounds(limit=TimeLimit(900))) == [(1, 2), (3, 6), (7, 14), (15, 17)]
