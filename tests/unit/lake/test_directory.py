"""What a directory must mind beyond what every store promises."""

import errno
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from lake import AlreadyExists, InvalidLake, LakeUnavailable
from lake.directory import UNFINISHED, DirectoryStore

pytestmark = pytest.mark.lambda_runtime


def _put(root: Path, number: int) -> bool:
    try:
        DirectoryStore(root).put_new("log/1", str(number).encode())
    except AlreadyExists:
        return False
    return True


def test_of_many_processes_one_wins(tmp_path: Path):
    with ProcessPoolExecutor(4) as pool:
        assert sum(pool.map(_put, [tmp_path] * 16, range(16))) == 1


def test_crash_before_the_link_leaves_no_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = DirectoryStore(tmp_path)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", crash)
    with pytest.raises(KeyboardInterrupt):
        store.put_new("t/key", b"body")
    monkeypatch.undo()
    assert store.under("t/") == []
    store.put_new("t/key", b"body")
    assert store.get("t/key") == b"body"


def test_unfinished_files_do_not_stay(tmp_path: Path):
    store = DirectoryStore(tmp_path)
    store.put_new("key", b"")
    with pytest.raises(AlreadyExists):
        store.put_new("key", b"")
    assert list((tmp_path / UNFINISHED).iterdir()) == []


def test_full_disk_is_an_error_and_leaves_no_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = DirectoryStore(tmp_path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store.put_new("another", b"body")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LakeUnavailable, match=r"No space left.*free space"):
        store.put_new("key", b"body")
    monkeypatch.undo()
    assert store.newest("") == "another"
    assert list((tmp_path / UNFINISHED).iterdir()) == []


def test_lake_that_is_a_file_is_an_error_that_names_it(tmp_path: Path):
    (tmp_path / "lake").write_text("no directory")
    store = DirectoryStore(tmp_path / "lake")
    with pytest.raises(LakeUnavailable, match=r"lake.*cannot be written"):
        store.put_new("a/b", b"")
    with pytest.raises(LakeUnavailable, match=r"lake.*cannot be read"):
        store.get("a")
    with pytest.raises(LakeUnavailable, match=r"lake.*cannot be listed"):
        store.newest("")


def test_key_cannot_lead_out_of_the_lake(tmp_path: Path):
    with pytest.raises(InvalidLake, match="leads out"):
        DirectoryStore(tmp_path / "lake").put_new("../key", b"")


def test_uri_is_what_spark_reads(tmp_path: Path):
    assert DirectoryStore(tmp_path).uri("a b/c") == f"file://{tmp_path}/a b/c"
