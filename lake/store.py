"""The port to a store of objects: a bucket or a directory."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

Body = bytes | BinaryIO

STRAY = "/"
"""Names that sort before this, such as names with a leading dot, are files of file browsers and
consoles. They are ignored."""


@dataclass(frozen=True)
class Stored:
    """An object in a listing."""

    key: str
    size: int
    written_at: datetime


class Store(Protocol):
    """Objects by key, each written once and never changed.

    Keys are relative paths with '/' between their parts. Every method raises LakeUnavailable if
    the store refuses the request or does not answer.
    """

    def put_new(self, key: str, body: Body) -> None:
        """Write the object completely or not at all.

        Of several writers of one key the first succeeds. Raises AlreadyExists for all others.
        """

    def get(self, key: str) -> bytes:
        """Return the object's bytes. Raises NotFound."""

    def newest(self, prefix: str) -> str | None:
        """Return the first key under ``prefix`` (a folder, with its '/') in the order of their
        characters, which is the newest entry of a log, or None. It is one request for a folder of
        any size."""

    def latest(self, prefix: str, count: int) -> list[str]:
        """Return the first keys under ``prefix`` (a folder, with its '/') and the folders in it, in
        the order of their characters, at most ``count`` and at most 1,000. It is one request."""

    def under(self, prefix: str) -> list[Stored]:
        """Return all objects under ``prefix`` (a folder, with its '/'), in key order."""

    def settle(self, key: str) -> None:
        """Make an object that Spark wrote durable, as ``put_new`` does for its own."""

    def expire(self, keys: Iterable[str]) -> None:
        """Mark objects that are not needed any more, so that a rule of the store may delete them.

        Until then, or if there is no rule, they can be read as before.
        """

    def remove(self, keys: Iterable[str]) -> None:
        """Delete objects that nothing refers to, or mark them, if a rule of the store deletes them.

        Objects that do not exist are ignored.
        """

    def prune(self, prefix: str, beyond: str) -> None:
        """Delete the folders in ``prefix`` that sort after that of the key ``beyond``, unless the
        store has a rule that deletes their objects."""

    def uri(self, key: str) -> str:
        """Return the address at which Spark reads and writes ``key``."""
