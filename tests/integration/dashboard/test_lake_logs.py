"""What the lake's logs tell the dashboard."""

from pathlib import Path

import pytest

from dashboard import lake_logs
from dashboard.settings import Settings, stores
from lake import LakeUnavailable
from postgres import Address
from tests.processed import ProcessedLake, calendar

ADDRESS = Address("localhost", 5432, "warehouse", "reader")


def of(root: Path) -> Settings:
    return Settings(ADDRESS, stores=stores([str(root)]))


def test_no_lake_and_an_empty_one_say_nothing(tmp_path: Path):
    assert lake_logs.read(Settings(ADDRESS)) is None
    assert lake_logs.read(of(tmp_path)) is None


def test_batches_wait_until_the_load_log_has_them(tmp_path: Path):
    lake = ProcessedLake(tmp_path, "lake-7")
    lake.add(calendar())
    lake.add({})
    lake.land({})  # no facts of it yet
    logs = lake_logs.read(of(tmp_path))
    assert logs
    assert (logs.lake, logs.seq, logs.waiting, logs.quarantined) == ("lake-7", 3, 3, 0)
    assert logs.waiting_since > 0
    assert [batch.seq for batch in logs.latest] == [1, 2, 3]
    assert logs.latest[0].build is not None
    assert logs.latest[2].build is None
    assert all(batch.load is None for batch in logs.latest)


def test_lake_that_cannot_be_read_is_a_typed_error(tmp_path: Path):
    (tmp_path / "ingestion").write_text("no folder")
    with pytest.raises(LakeUnavailable):
        lake_logs.read(of(tmp_path))
