"""An append-only log of entries numbered from 1. An entry is the only commit point of a step."""

from collections.abc import Iterator
from typing import Generic

from lake.entries import E, Entry, decode, encode
from lake.errors import AlreadyExists, InvalidLake, SeqTaken, UnreadableEntry
from lake.layout import entry_key, entry_seq
from lake.store import Store


class Log(Generic[E]):
    """The entries under ``folder`` of a store.

    The output of a run exists if, and only if, its entry exists. There are no gaps: seq n is
    committed after seq n-1.
    """

    def __init__(self, store: Store, folder: str, kind: type[E]) -> None:
        self._store = store
        self._folder = folder
        self._kind = kind

    @property
    def address(self) -> str:
        """The address of the log's folder."""
        return self._store.uri(self._folder)

    def head_seq(self) -> int:
        """Return the last committed seq, or 0; one request for a log of any length."""
        key = self._store.newest(self._folder)
        try:
            return 0 if key is None else entry_seq(key)
        except ValueError:
            raise InvalidLake(
                f"{self._store.uri(key or '')} is not an entry of a log. To fix: remove it; only"
                " entries may be in this folder."
            ) from None

    def head(self) -> E | None:
        """Return the last entry, or None."""
        seq = self.head_seq()
        return self.entry(seq) if seq else None

    def entry(self, seq: int) -> E:
        """Return the entry of ``seq``. Raises NotFound, or InvalidLake if it cannot be read."""
        key = entry_key(self._folder, seq)
        try:
            return decode(self._store.get(key), self._kind)
        except ValueError as wrong:
            raise InvalidLake(
                f"{self._store.uri(key)} is not an entry that this version can read: {wrong}. To"
                " fix: use the version that wrote it."
            ) from wrong

    def after(self, seq: int, through: int | None = None) -> Iterator[E]:
        """Return the entries after ``seq`` up to ``through`` (default: the head), oldest first."""
        last = self.head_seq() if through is None else through
        return (self.entry(number) for number in range(seq + 1, last + 1))

    def commit(self, entry: E) -> None:
        """Append the entry. Appending it again, as a repeated request does, changes nothing.

        Raises SeqTaken if another run has committed its seq, and UnreadableEntry.
        """
        key = entry_key(self._folder, entry.seq)
        try:
            self._store.put_new(key, self._encoded(entry))
        except AlreadyExists:
            other = self.entry(entry.seq)
            if other.run != entry.run:
                raise SeqTaken(
                    f"Run {other.run} has committed {self._store.uri(key)} before run {entry.run}."
                    " Nothing is lost; the next run continues after it."
                ) from None

    def _encoded(self, entry: E) -> bytes:
        """Return the entry as JSON. Raises UnreadableEntry: such an entry would block the log."""
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
