"""Land data objects, whose keys hold the run's name and are therefore nobody else's."""

import hashlib
from typing import BinaryIO

from lake.entries import File
from lake.errors import AlreadyExists
from lake.store import Store

CHUNK = 1 << 20


def put_own(store: Store, key: str, body: BinaryIO) -> None:
    """Put an object whose key only this run can write. Where the object exists already with the
    same bytes, an earlier request of ours got through unanswered, and all is well.

    Raises AlreadyExists where the bytes differ.
    """
    try:
        store.put_new(key, body)
    except AlreadyExists:
        if hashlib.sha256(store.get(key)).hexdigest() != _sha256(body):
            raise


def land(store: Store, key: str, body: BinaryIO, rows: int) -> File:
    """Put a data object and say what it is."""
    put_own(store, key, body)
    digest = _sha256(body)
    return File(key, rows, body.tell(), digest)


def _sha256(body: BinaryIO) -> str:
    """The digest of the whole body, which is then at its end."""
    digest = hashlib.sha256()
    body.seek(0)
    while chunk := body.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
