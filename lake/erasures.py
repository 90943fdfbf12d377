"""The log of erasures: one entry before the first object changes, and one after the last."""

from collections.abc import Iterable

from lake.entries import Count, Entry


class ErasureEntry(Entry, frozen=True, kw_only=True, omit_defaults=True):
    """The erasure of the personal values of a row begins, or the one that began with entry ``ends``
    has ended."""

    table: str
    key: int
    ends: Count = 0


def unfinished(entries: Iterable[ErasureEntry]) -> list[ErasureEntry]:
    """Return the erasures that have begun and not ended. Another run for the same row ends those
    before it, too."""
    begun: dict[tuple[str, int], ErasureEntry] = {}
    for entry in entries:
        if entry.ends:
            begun.pop((entry.table, entry.key), None)
        else:
            begun[entry.table, entry.key] = entry
    return list(begun.values())
