"""Arithmetic of quarantine in the logs."""

from pathlib import Path

import pytest

from lake import Lake, now, open_lake
from lake.entries import BuildEntry, Output, RetryEntry
from lake.quarantine import (
    continue_totals,
    count_open,
    entries_with_losses,
    merge_outputs,
    quarantine,
)

pytestmark = pytest.mark.lambda_runtime

NOTHING: dict[str, Output] = {}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(f"file://{tmp_path}/i", f"file://{tmp_path}/p")


def orders(rows: int, *files: str) -> dict[str, Output]:
    return {"orders": Output(files or (f"file-{rows}",), rows)}


def build(lake: Lake, quarantined=NOTHING, tombstones=NOTHING, open_after=None) -> BuildEntry:
    """Commit the next entry of the facts log."""
    before = lake.facts.head()
    entry = BuildEntry(
        before.seq + 1 if before else 1,
        "run",
        now(),
        {},
        quarantined=quarantined,
        tombstones=tombstones,
    )
    entry = continue_totals(entry, before, open_after)
    lake.facts.commit(entry)
    return entry


def retry(lake: Lake, through: int, left=NOTHING, open_after=NOTHING, closed: int = 1) -> None:
    entry = RetryEntry(1, "run", now(), through, NOTHING, left, closed, open_after)
    lake.retries.commit(entry)


def test_empty_lake_has_no_quarantine(lake: Lake):
    assert count_open(lake) == quarantine(lake).rows == 0
    assert quarantine(lake).tables == {}


def test_totals_continue_those_of_the_entry_before(lake: Lake):
    build(lake, quarantined=orders(2), tombstones=orders(1))
    second = build(lake, quarantined=orders(3))
    assert (second.quarantined_total, second.tombstones_total) == (5, 1)
    assert (second.open_quarantined, second.last_superseded_seq) == (5, 0)


def test_batch_that_closes_rows_lists_those_that_stay_open(lake: Lake):
    build(lake, quarantined=orders(2, "a"))
    build(lake, open_after=orders(1, "b"))
    third = build(lake, quarantined=orders(4, "c"))
    assert (third.open_quarantined, third.last_superseded_seq) == (5, 2)
    assert quarantine(lake).open == orders(5, "b", "c")
    assert quarantine(lake).tables == orders(6, "a", "c")
    assert count_open(lake) == 5


def test_retry_replaces_the_rows_that_were_quarantined_before(lake: Lake):
    build(lake, quarantined=orders(3, "a"))
    retry(lake, through=1, left=orders(1, "b"), open_after=orders(1, "b"), closed=2)
    build(lake, quarantined=orders(1, "c"))
    found = quarantine(lake)
    assert (found.last_retry, found.through, found.closed) == (1, 2, 2)
    assert found.tables == found.open == orders(2, "b", "c")
    assert count_open(lake) == found.rows == 2


def test_batch_that_closes_rows_after_a_retry_has_the_newer_list(lake: Lake):
    build(lake, quarantined=orders(3, "a"))
    retry(lake, through=1, left=orders(2, "b"), open_after=orders(2, "b"))
    build(lake, open_after=orders(1, "c"))
    assert quarantine(lake).open == orders(1, "c")
    assert count_open(lake) == 1


def test_entries_with_losses_are_found_by_reading_few_of_many(lake: Lake):
    for seq in range(1, 129):
        losses = {17: {"quarantined": orders(1)}, 99: {"tombstones": orders(1)}}.get(seq, {})
        build(lake, **losses)
    head = lake.facts.entry(128)
    read, log = [], lake.facts
    entry = log.entry

    def counted(seq: int) -> BuildEntry:
        read.append(seq)
        return entry(seq)

    # this one log counts what is read of it
    log.entry = counted  # type: ignore[method-assign]
    assert [found.seq for found in entries_with_losses(log, 0, head)] == [17, 99]
    assert len(read) <= 2 * 7  # two binary searches among 128


def test_merged_outputs_add_files_and_rows_by_table():
    merged = merge_outputs([orders(1, "a"), {"staff": Output(("s",), 2)}, orders(2, "b")])
    assert merged == {"orders": Output(("a", "b"), 3), "staff": Output(("s",), 2)}
