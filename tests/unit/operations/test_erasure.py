"""The files of a lake after an erasure."""

import errno
import os
from pathlib import Path

import pytest

from operations.erasure import erase
from tests.lake_builder import LakeBuilder, row

READ_BY_ALL = 0o644


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Create a lake with a person in two batches; the second has the erased name."""
    built = LakeBuilder(tmp_path / "lake")
    built.insert(staff=[row("staff", 1, first_name="Zebediah")])
    built.update(staff=[row("staff", 1, first_name="erased")])
    return built.directory


def files(lake: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in lake.rglob("*") if path.is_file()}


@pytest.mark.parametrize("mode", [READ_BY_ALL, 0o640, 0o444])
def test_rewritten_object_keeps_its_permissions(lake: Path, mode: int):
    for path in files(lake):
        path.chmod(mode)
    erased = erase(lake, "staff", 1)
    assert len(erased.ingestion) == 2
    assert {path.stat().st_mode & 0o777 for path in files(lake)} == {mode}


def test_full_disk_leaves_every_object_unchanged_and_no_temporary_file(
    lake: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = files(lake)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        erase(lake, "staff", 1)
    assert files(lake) == before
