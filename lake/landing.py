"""Write data objects whose keys contain the run's name, so that only this run writes them."""

import hashlib
from typing import BinaryIO

from lake.entries import File
from lake.errors import AlreadyExists
from lake.store import Store

CHUNK = 1 << 20


def put_own(store: Store, key: str, body: BinaryIO) -> None:
    """Write an object whose key only this run can write.

    If it exists with the same bytes, an earlier request succeeded without an answer. Raises
    AlreadyExists if the bytes differ.
    """
    try:
        store.put_new(key, body)
    except AlreadyExists:
        if hashlib.sha256(store.get(key)).hexdigest() != _sha256(body):
            raise


def land(store: Store, key: str, body: BinaryIO, rows: int) -> File:
    """Write a data object and return its description."""
    put_own(store, key, body)
    digest = _sha256(body)
    return File(key, rows, body.tell(), digest)


def _sha256(body: BinaryIO) -> str:
    """Return the digest of the body and leave the body at its end."""
    digest = hashlib.sha256()
    body.seek(0)
    while chunk := body.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
