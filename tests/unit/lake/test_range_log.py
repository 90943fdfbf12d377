"""Entries that cover ranges of batches, and entries of versions that knew no ranges."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from lake import InvalidLake, Lake, NotFound, RangeLog, SeqTaken, now, open_lake
from lake.entries import BuildEntry, LoadEntry, Output
from lake.layout import entry_key

pytestmark = pytest.mark.lambda_runtime


def open_at(folder: Path) -> Lake:
    return open_lake(f"file://{folder}/i", f"file://{folder}/p")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_at(tmp_path)


class CountedLog(RangeLog[LoadEntry]):
    """A log in memory that counts the entries it reads."""

    def __init__(self, lengths: list[int]) -> None:
        self.read = 0
        self.all: list[LoadEntry] = []
        for number, length in enumerate(lengths, 1):
            first = self.all[-1].last + 1 if self.all else 1
            entry = LoadEntry(number, "run", now(), first=first, last=first + length - 1)
            self.all.append(entry)

    def head_seq(self) -> int:
        return len(self.all)

    def entry(self, seq: int) -> LoadEntry:
        self.read += 1
        return self.all[seq - 1]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_every_batch_is_found_by_halving(lengths: list[int]):
    log = CountedLog(lengths)
    for entry in log.all:
        for batch in range(entry.first, entry.last + 1):
            log.read = 0
            assert log.covering(batch) is entry
            assert log.read <= 2 + len(lengths).bit_length()


def test_log_of_single_batches_is_read_twice(lake: Lake):
    log = CountedLog([1] * 1000)
    for batch in (1, 500, 999):
        log.read = 0
        assert log.covering(batch).last == batch
        assert log.read == 2


@pytest.mark.parametrize("batch", [0, 4, 5])
def test_batch_that_no_entry_covers_is_not_found(lake: Lake, batch: int):
    if batch != 5:
        lake.loads.commit(LoadEntry(1, "run", now(), first=1, last=3))
    with pytest.raises(NotFound, match=f"covers batch {batch}. To fix"):
        lake.loads.covering(batch)


def test_entries_that_span_batches_are_read_oldest_first(lake: Lake):
    log = CountedLog([3, 1, 4])
    assert [entry.seq for entry in log.spanning(3, 5)] == [1, 2, 3]
    assert [entry.seq for entry in log.spanning(4, 4)] == [2]
    assert list(log.spanning(5, 4)) == []


def test_of_two_ranges_with_different_ends_one_is_committed(lake: Lake):
    lake.facts.commit(BuildEntry(1, "this", now(), {}, first=1, last=3))
    with pytest.raises(SeqTaken):
        lake.facts.commit(BuildEntry(1, "other", now(), {}, first=1, last=5))
    assert lake.facts.last_batch() == 3


def test_rows_of_a_range_are_counted_by_batch():
    output = Output(("file",), 5, {2: 3, 4: 2})
    entry = BuildEntry(1, "run", now(), {"fact": output}, first=1, last=4)
    assert [entry.rows_of(output, batch) for batch in range(1, 5)] == [0, 3, 0, 2]
    single = BuildEntry(2, "run", now(), {}, first=5, last=5)
    assert single.rows_of(Output(("file",), 7), 5) == 7


def test_entry_of_a_version_without_ranges_covers_the_batch_of_its_number(lake: Lake):
    folder = "g=1/_log/facts/"
    for seq in (1, 2, 3):
        entry = {
            "format": 2,
            "seq": seq,
            "run": "earlier",
            "committed_at": "2026-01-01T00:00:00Z",
            "tables": {"fact": {"files": ["a"], "rows": seq}},
            "quarantined_total": seq,
        }
        lake.processed.put_new(entry_key(folder, seq), json.dumps(entry).encode())
    lake.facts.commit(BuildEntry(4, "run", now(), {}, first=4, last=9))

    found = lake.facts.covering(2)
    assert (found.first, found.last, found.rows_of(found.tables["fact"], 2)) == (2, 2, 2)
    assert [entry.last for entry in lake.facts.spanning(1, 9)] == [1, 2, 3, 9]


def test_version_without_ranges_refuses_an_entry_with_one():
    class EarlierEntry(Struct, frozen=True, tag_field="format", tag=2):
        seq: int

    body = msgspec.json.encode(LoadEntry(1, "run", now(), first=1, last=2))
    with pytest.raises(msgspec.ValidationError, match="Invalid value 3"):
        msgspec.json.decode(body, type=EarlierEntry)


def test_entry_of_a_later_version_is_refused(lake: Lake):
    body = json.dumps({"format": 4, "seq": 1, "run": "later"}).encode()
    lake.processed.put_new(entry_key("g=1/_log/load/", 1), body)
    with pytest.raises(InvalidLake, match="use the version that wrote it"):
        lake.loads.head()
