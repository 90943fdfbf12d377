"""The figures that the dashboard reads from the lake's logs."""

from pathlib import Path

import pytest

from dashboard import lake_logs
from dashboard.settings import Settings, stores
from lake import LakeUnavailable
from postgres import Address
from tests.processed import ProcessedLake, calendar

ADDRESS = Address("localhost", 5432, "warehouse", "reader")


def settings(root: Path) -> Settings:
    return Settings(ADDRESS, stores=stores([str(root)]))


def test_unknown_and_empty_lakes_have_no_summary(tmp_path: Path):
    assert lake_logs.read(Settings(ADDRESS)) is None
    assert lake_logs.read(settings(tmp_path)) is None


def test_batches_wait_until_the_load_log_contains_them(tmp_path: Path):
    lake = ProcessedLake(tmp_path, "lake-7")
    lake.add(calendar())
    lake.add({})
    lake.land({})  # its facts are not built
    summary = lake_logs.read(settings(tmp_path))
    assert summary
    assert (summary.lake, summary.seq, summary.waiting, summary.quarantined) == ("lake-7", 3, 3, 0)
    assert summary.waiting_since > 0
    assert [batch.seq for batch in summary.latest] == [1, 2, 3]
    assert summary.latest[0].build is not None
    assert summary.latest[2].build is None
    assert all(batch.load is None for batch in summary.latest)


def test_lake_that_cannot_be_read_raises_a_typed_error(tmp_path: Path):
    (tmp_path / "ingestion").write_text("a file where the folder should be")
    with pytest.raises(LakeUnavailable):
        lake_logs.read(settings(tmp_path))
