"""The port to where objects are kept, whether a bucket or a directory."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

Body = bytes | BinaryIO

STRAY = "/"
"""Names that sort before this begin with a dot or the like; they are not ours, but what file
browsers and consoles leave behind, and count nowhere."""


@dataclass(frozen=True)
class Stored:
    """An object that a listing found."""

    key: str
    size: int


class Store(Protocol):
    """Objects by key, each written once and never changed.

    Keys are relative paths with '/' between their parts. Every method raises LakeUnavailable
    where the store refuses or does not answer.
    """

    def put_new(self, key: str, body: Body) -> None:
        """Write the object whole, or not at all. Of many writers of one key one succeeds; the
        others, and everybody after, get AlreadyExists."""

    def get(self, key: str) -> bytes:
        """The object's bytes. Raises NotFound."""

    def newest(self, prefix: str) -> str | None:
        """The first key under ``prefix`` (a folder, with its '/') in the order of their
        characters, which in a log is the newest; None where there is none. One request,
        however many objects follow."""

    def under(self, prefix: str) -> list[Stored]:
        """Every object under ``prefix`` (a folder, with its '/'), in key order."""

    def settle(self, key: str) -> None:
        """Make an object that Spark wrote outlive a power cut, as those of ``put_new`` do."""

    def expire(self, keys: Iterable[str]) -> None:
        """Say that nothing current needs these objects, so that a rule of the store may expire
        them; until it does, and for ever where there is none, they are read as before."""

    def uri(self, key: str) -> str:
        """The address by which Spark reads and writes ``key``."""
