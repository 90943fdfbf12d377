"""An append-only log of entries numbered from 1: the one visible commit point of a step."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from lake.entries import Entry, document
from lake.errors import AlreadyExists, InvalidLake, SeqTaken
from lake.layout import entry_key, entry_seq
from lake.store import Store

E = TypeVar("E", bound=Entry)


class Log(Generic[E]):
    """The entries under ``folder`` of a store. What a run made exists if, and only if, its entry
    does. There are no gaps: seq n is committed after seq n-1."""

    def __init__(self, store: Store, folder: str, read: Callable[[Mapping[str, Any]], E]) -> None:
        self._store = store
        self._folder = folder
        self._read = read

    def head_seq(self) -> int:
        """The last seq committed, 0 where there is none; one request however long the log."""
        key = self._store.newest(self._folder)
        try:
            return 0 if key is None else entry_seq(key)
        except ValueError:
            raise InvalidLake(
                f"{self._store.uri(key or '')} is no entry of a log. Take it away: nothing but"
                " entries may lie there."
            ) from None

    def head(self) -> E | None:
        """The last entry, or None."""
        seq = self.head_seq()
        return self.entry(seq) if seq else None

    def entry(self, seq: int) -> E:
        """The entry of ``seq``. Raises NotFound, or InvalidLake where it cannot be read."""
        key = entry_key(self._folder, seq)
        try:
            return self._read(json.loads(self._store.get(key)))
        except (ValueError, KeyError, TypeError) as wrong:
            raise InvalidLake(
                f"{self._store.uri(key)} is no entry that this version can read: {wrong!r}."
            ) from wrong

    def after(self, seq: int, through: int | None = None) -> Iterator[E]:
        """The entries beyond ``seq``, oldest first, up to and with ``through`` (the head)."""
        last = self.head_seq() if through is None else through
        return (self.entry(number) for number in range(seq + 1, last + 1))

    def commit(self, entry: E) -> None:
        """Append the entry, once. Committing it again, as a retried request does, changes
        nothing; where another run has taken its seq this raises SeqTaken."""
        key = entry_key(self._folder, entry.seq)
        try:
            self._store.put_new(key, _spelled(entry))
        except AlreadyExists:
            other = self.entry(entry.seq)
            if other.run != entry.run:
                raise SeqTaken(
                    f"Run {other.run} has committed {self._store.uri(key)} before run {entry.run}."
                    " Nothing is lost; the next run goes on from there."
                ) from None


def _spelled(entry: Entry) -> bytes:
    return json.dumps(document(entry), indent=1).encode()
