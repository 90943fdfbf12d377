"""Guarantees of a directory beyond those of every store."""

import errno
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from lake import AlreadyExists, InvalidLake, LakeUnavailable
from lake.directory import UNFINISHED, DirectoryStore
from lake.local import local_addresses, open_local_lake

pytestmark = pytest.mark.lambda_runtime


def _put(root: Path, number: int) -> bool:
    try:
        DirectoryStore(root).put_new("log/1", str(number).encode())
    except AlreadyExists:
        return False
    return True


def test_one_of_many_processes_writes_the_key(tmp_path: Path):
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


def test_unfinished_files_are_removed(tmp_path: Path):
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


def test_lake_that_is_a_file_is_reported(tmp_path: Path):
    (tmp_path / "lake").write_text("no directory")
    store = DirectoryStore(tmp_path / "lake")
    with pytest.raises(LakeUnavailable, match=r"lake.*cannot be written"):
        store.put_new("a/b", b"")
    with pytest.raises(LakeUnavailable, match=r"lake.*cannot be read"):
        store.get("a")
    with pytest.raises(LakeUnavailable, match=r"lake.*cannot be listed"):
        store.newest("")


def test_key_outside_the_lake_is_refused(tmp_path: Path):
    with pytest.raises(InvalidLake, match="is outside the lake"):
        DirectoryStore(tmp_path / "lake").put_new("../key", b"")


@pytest.mark.parametrize("root", ["../{name}/lake", "here/../lake", "here/../../{name}/lake"])
def test_root_may_contain_dots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    store = DirectoryStore(Path(root.format(name=tmp_path.name)))
    store.put_new("a/key", b"body")
    assert store.get("a/key") == (tmp_path / "lake/a/key").read_bytes()
    assert store.newest("a/") == "a/key"
    assert [stored.key for stored in store.under("a/")] == ["a/key"]
    assert store.uri("a/key") == f"file://{tmp_path}/lake/a/key"
    store.settle("a/key")


def test_dots_after_a_symbolic_link_mean_the_parent_of_its_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "disk/folder").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "disk/folder")
    monkeypatch.chdir(tmp_path)
    lake = open_local_lake(Path("link/../lake"))
    lake.ingestion.put_new("key", b"body")
    assert (tmp_path / "disk/lake/ingestion/key").read_bytes() == b"body"
    assert local_addresses(Path("link/../lake"))[0] == (tmp_path / "disk/lake/ingestion").as_uri()


def test_uri_is_the_path_without_encoding(tmp_path: Path):
    assert DirectoryStore(tmp_path).uri("a b/c") == f"file://{tmp_path}/a b/c"


def test_uri_of_a_name_that_is_not_utf_8_is_refused(tmp_path: Path):
    store = DirectoryStore(Path(os.fsdecode(os.fsencode(tmp_path) + b"/l\xe4ke")))
    with pytest.raises(InvalidLake, match=r"not UTF-8.*rename"):
        store.uri("key")


def test_address_of_a_folder_with_any_name_leads_to_it(tmp_path: Path):
    for name in (b"l\xc3\xa4ke", b"l\xe4ke", b"a b%41+?#"):
        folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        open_local_lake(folder).ingestion.put_new("key", b"body")
        assert (folder / "ingestion/key").read_bytes() == b"body"
