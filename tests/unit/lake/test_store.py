"""Guarantees of every store, a bucket or a directory."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lake import AlreadyExists, NotFound, Store, now
from lake.directory import DirectoryStore
from lake.landing import land, put_own

pytestmark = pytest.mark.lambda_runtime


def test_object_is_read_back_unchanged(store: Store):
    store.put_new("a/b=1/c", b"\x00\xff")
    assert store.get("a/b=1/c") == b"\x00\xff"


def test_body_may_be_a_file_at_its_end(store: Store):
    body = io.BytesIO(b"whole")
    body.seek(5)
    store.put_new("key", body)
    assert store.get("key") == b"whole"


def test_object_is_never_overwritten(store: Store):
    store.put_new("key", b"first")
    with pytest.raises(AlreadyExists, match="never overwritten"):
        store.put_new("key", b"second")
    assert store.get("key") == b"first"


def test_one_of_many_writers_of_a_key_succeeds_and_the_others_know(store: Store):
    def put(number: int) -> bool:
        try:
            store.put_new("key", str(number).encode() * 1000)
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        won = [number for number, wins in enumerate(pool.map(put, range(64))) if wins]
    assert len(won) == 1
    assert store.get("key") == str(won[0]).encode() * 1000


def test_missing_object_is_not_found(store: Store):
    with pytest.raises(NotFound, match="does not exist"):
        store.get("nowhere")


def test_newest_is_the_first_key_of_its_folder(store: Store):
    for key in ("log/2", "log/1", "log/3", "a/0", "log0/0"):
        store.put_new(key, b"")
    assert store.newest("log/") == "log/1"


def test_newest_ignores_files_of_file_browsers(store: Store):
    for key in ("log/.DS_Store", "log/5"):
        store.put_new(key, b"")
    assert store.newest("log/") == "log/5"


def test_settled_object_is_unchanged(store: Store):
    store.put_new("t/key", b"body")
    store.settle("t/key")
    assert store.get("t/key") == b"body"


def test_expired_objects_are_read_as_before(store: Store):
    keys = [f"t/{number}" for number in range(40)]
    for key in keys:
        store.put_new(key, key.encode())
    store.expire(keys)
    assert [store.get(key) for key in keys] == [key.encode() for key in keys]
    with pytest.raises(AlreadyExists):
        store.put_new(keys[0], b"again")


def test_removed_objects_are_gone_or_can_be_read_until_a_rule_deletes_them(store: Store):
    for key in ("t/1", "t/2"):
        store.put_new(key, key.encode())
    store.remove(["t/1", "t/nowhere"] if isinstance(store, DirectoryStore) else ["t/1"])
    left = ["t/2"] if isinstance(store, DirectoryStore) else ["t/1", "t/2"]
    assert [item.key for item in store.under("t/")] == left


def test_newest_of_an_empty_folder_is_none(store: Store):
    assert store.newest("log/") is None


def test_listing_names_every_object_under_a_folder_with_its_size(store: Store):
    for key in ("t/b/2", "t/a/1", "other/3", "ta/4"):
        store.put_new(key, key.encode())
    assert [(item.key, item.size) for item in store.under("t/")] == [("t/a/1", 5), ("t/b/2", 5)]
    assert all(abs(now() - item.written_at) < timedelta(hours=1) for item in store.under("t/"))


def test_listing_has_more_than_a_thousand_objects(store: Store):
    for number in range(1003):
        store.put_new(f"t/{number:04d}", b"")
    assert len(store.under("t/")) == 1003


def test_listing_of_a_missing_folder_is_empty(store: Store):
    assert store.under("nowhere/") == []


def test_written_file_has_its_size_and_digest(store: Store):
    file = land(store, "key", io.BytesIO(b"abc"), rows=7)
    assert (file.key, file.rows, file.bytes) == ("key", 7, 3)
    assert file.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_own_object_may_be_written_again_after_a_request_without_an_answer(store: Store):
    store.put_new("key", b"abc")
    put_own(store, "key", io.BytesIO(b"abc"))


def test_other_bytes_under_an_own_key_are_refused(store: Store):
    store.put_new("key", b"abc")
    with pytest.raises(AlreadyExists):
        put_own(store, "key", io.BytesIO(b"abd"))
