from pathlib import Path

import pytest

from embedded.local_lake import NoLake, existing


def test_lake_is_found_through_a_folder_that_does_not_exist(tmp_path: Path):
    (tmp_path / "lake").mkdir()
    assert existing(tmp_path / "missing" / ".." / "lake") == tmp_path / "lake"


def test_missing_lake_is_refused_with_its_full_path(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoLake, match=f"There is no lake in {tmp_path}/lake"):
        existing(Path("lake"))
