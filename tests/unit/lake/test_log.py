"""The log: one entry for each seq, committed exactly once; the newest is found at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from lake import InvalidLake, Lake, NotFound, SeqTaken, Store, layout, new_run, now, open_lake
from lake.entries import (
    Batch,
    Bucket,
    BuildEntry,
    Capture,
    Changes,
    File,
    LoadEntry,
    Output,
    Page,
    Position,
    encode,
)
from lake.errors import UnreadableEntry

pytestmark = pytest.mark.lambda_runtime


def batch(seq: int, run: str = "run") -> Batch:
    file = File("source/staff/part.parquet", 3, 100, "abc")
    return Batch(
        seq=seq,
        run=run,
        lake="lake",
        observed_at=datetime(2024, 11, 15, 7, 55, 11, 962001),
        committed_at=datetime(2024, 11, 15, 8, tzinfo=UTC),
        position=Position(700, 754, 690, {"system_identifier": "7"}),
        tables={"staff": Changes(file, 1, 1, 1)},
        mirror={"staff": {-1: Bucket("m", 5), 0: Bucket("n", 20)}},
    )


@pytest.fixture
def lake(store: Store) -> Lake:
    return Lake(store, store)


def test_entry_is_read_back_unchanged(lake: Lake):
    lake.batches.commit(batch(1))
    assert lake.batches.head() == lake.batches.entry(1) == batch(1)


def test_entries_of_the_processed_store_are_read_back_unchanged(lake: Lake):
    output = Output(("a.parquet", "b.parquet"), 12)
    built = BuildEntry(1, "run", now(), {"dim_staff": output}, {"sales_order": output}, 3)
    loaded = LoadEntry(1, "run", now())
    lake.facts.commit(built)
    lake.loads.commit(loaded)
    assert lake.facts.head() == built
    assert lake.loads.head() == loaded
    assert lake.dimensions.head() is None


def test_log_without_entries_has_no_head(lake: Lake):
    assert lake.batches.head() is None
    assert lake.batches.head_seq() == 0
    assert list(lake.batches.after(0)) == []


@pytest.mark.parametrize("last", [9, 10, 11, 101])
def test_head_is_the_last_seq_whatever_its_digits(lake: Lake, last: int):
    for seq in range(1, last + 1):
        lake.loads.commit(LoadEntry(seq, "run", now()))
    assert lake.loads.last_batch() == last


def test_entries_after_a_seq_are_listed_oldest_first(lake: Lake):
    for seq in range(1, 6):
        lake.batches.commit(batch(seq))
    assert [entry.seq for entry in lake.batches.after(2)] == [3, 4, 5]
    assert [entry.seq for entry in lake.batches.after(2, through=4)] == [3, 4]


def test_commit_repeated_by_its_own_run_changes_nothing(lake: Lake):
    lake.batches.commit(batch(1))
    lake.batches.commit(batch(1))
    assert lake.batches.head_seq() == 1


def test_seq_of_another_run_is_refused_and_the_first_is_kept(lake: Lake):
    lake.batches.commit(batch(1, "first"))
    with pytest.raises(SeqTaken, match=r"first.*before run second"):
        lake.batches.commit(batch(1, "second"))
    assert lake.batches.entry(1).run == "first"


def test_one_of_many_runs_commits_a_seq(lake: Lake):
    def commit(number: int) -> str | None:
        try:
            lake.batches.commit(batch(1, f"run-{number}"))
        except SeqTaken:
            return None
        return f"run-{number}"

    with ThreadPoolExecutor(8) as pool:
        winners = [run for run in pool.map(commit, range(24)) if run]
    assert winners == [lake.batches.entry(1).run]


def test_missing_entry_is_not_found(lake: Lake):
    with pytest.raises(NotFound):
        lake.batches.entry(1)


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"format": 1}', b"[]"])
def test_entry_that_cannot_be_read_is_reported(lake: Lake, body: bytes):
    lake.ingestion.put_new(layout.entry_key(layout.BATCH_LOG, 1), body)
    with pytest.raises(InvalidLake, match="is not an entry that this version can read"):
        lake.batches.entry(1)


@pytest.mark.parametrize("name", ["0 copy.json", "0-1.json"])
def test_other_object_in_a_log_is_reported(lake: Lake, name: str):
    lake.ingestion.put_new(f"_log/{name}", b"{}")
    with pytest.raises(InvalidLake, match=rf"{name} is not an entry of a log"):
        lake.batches.head_seq()


def test_counts_are_per_table_and_op():
    assert batch(1).counts == {"staff": {"I": 1, "U": 1, "D": 1}}


def test_entry_keys_sort_newest_first_and_contain_their_seq():
    keys = [layout.entry_key("_log/", seq) for seq in (1, 9, 10, 10**19)]
    assert sorted(keys, reverse=True) == keys
    assert [layout.entry_seq(key) for key in keys] == [1, 9, 10, 10**19]


def test_run_names_are_unique_and_sort_by_time():
    assert new_run() != new_run()
    assert now() - datetime.strptime(new_run()[:16], "%Y%m%dT%H%M%SZ").replace(
        tzinfo=UTC
    ) < timedelta(seconds=60)


@pytest.mark.parametrize("address", ["", "lake", "s3://", "s3://b/prefix", "ftp://x/y"])
def test_invalid_address_is_refused(address: str):
    with pytest.raises(InvalidLake, match="is not an address of a store"):
        open_lake(address, address)


def test_each_generation_has_its_own_logs(tmp_path):
    first = open_lake(f"file://{tmp_path}/i", f"file://{tmp_path}/p", 1)
    second = open_lake(f"file://{tmp_path}/i", f"file://{tmp_path}/p", 2)
    first.loads.commit(LoadEntry(1, "run", now()))
    assert (first.loads.last_batch(), second.loads.last_batch()) == (1, 0)


def test_entry_with_a_field_that_this_version_does_not_know_is_refused(lake: Lake):
    body = encode(batch(1)).replace(b'"lake"', b'"pond": 1, "lake"')
    lake.ingestion.put_new(layout.entry_key(layout.BATCH_LOG, 1), body)
    with pytest.raises(InvalidLake, match="unknown field `pond`"):
        lake.batches.entry(1)


EARLIER_FIELDS = {
    "format", "seq", "run", "committed_at", "lake", "observed_at", "position", "tables", "mirror",
    "expired_through",
}  # fmt: skip


def test_earlier_version_reads_the_entry_of_a_poll_by_difference_and_none_by_log_or_in_pages():
    by_difference = batch(1)
    assert json.loads(encode(by_difference)).keys() <= EARLIER_FIELDS
    in_pages = replace(by_difference, pages={"staff": {0: Page(1, "run", 20)}})
    assert json.loads(encode(in_pages)).keys() - EARLIER_FIELDS == {"pages"}
    by_log = replace(by_difference, capture=Capture("1:1:", "slot", "0/1", 1, "2024", ("staff",)))
    assert json.loads(encode(by_log)).keys() - EARLIER_FIELDS == {"capture"}


@pytest.mark.parametrize(
    "buckets",
    [{None: Bucket("m", 5)}, {0: Bucket("m", -5)}, {"0": Bucket("m", 5)}],
    ids=["cannot be written", "cannot be read", "reads back as another entry"],
)
def test_entry_that_could_not_be_read_back_is_not_committed(lake: Lake, buckets: dict[Any, Bucket]):
    unreadable = replace(batch(1), mirror={"staff": buckets})
    with pytest.raises(UnreadableEntry, match="is not committed"):
        lake.batches.commit(unreadable)
    assert lake.batches.head() is None
    lake.batches.commit(batch(1))
