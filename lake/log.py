"""An append-only log of entries numbered from 1: the one visible commit point of a step."""

from collections.abc import Iterator
from typing import Generic

from lake.entries import E, Entry, decode, encode
from lake.errors import AlreadyExists, InvalidLake, SeqTaken, UnreadableEntry
from lake.layout import entry_key, entry_seq
from lake.store import Store


class Log(Generic[E]):
    """The entries under ``folder`` of a store. What a run made exists if, and only if, its entry
    does. There are no gaps: seq n is committed after seq n-1."""

    def __init__(self, store: Store, folder: str, kind: type[E]) -> None:
        self._store = store
        self._folder = folder
        self._kind = kind

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
            return decode(self._store.get(key), self._kind)
        except ValueError as wrong:
            raise InvalidLake(
                f"{self._store.uri(key)} is not an entry that this version can read: {wrong}."
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
            self._store.put_new(key, self._encoded(entry))
        except AlreadyExists:
            other = self.entry(entry.seq)
            if other.run != entry.run:
                raise SeqTaken(
                    f"Run {other.run} has committed {self._store.uri(key)} before run {entry.run}."
                    " Nothing is lost; the next run goes on from there."
                ) from None

    def _encoded(self, entry: E) -> bytes:
        """Return the entry as JSON. Refuse one that cannot be read back: it would block the log."""
        try:
            body = encode(entry)
            is_same = decode(body, self._kind) == entry
        except (TypeError, ValueError) as wrong:
            raise UnreadableEntry(_unreadable(entry, wrong)) from wrong
        if not is_same:
            raise UnreadableEntry(_unreadable(entry, "it reads back as another entry"))
        return body


def _unreadable(entry: Entry, reason: object) -> str:
    return (
        f"Entry {entry.seq} of run {entry.run} is not committed, because it could not be read back:"
        f" {reason}. Nothing is lost. To fix: report this message; it is a fault of the platform."
    )
