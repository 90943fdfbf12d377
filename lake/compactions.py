"""The entries of the compaction logs: the files of each table, after small ones became large."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct, field

from lake.entries import Count, Entry


class Part(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Files with the rows of whole entries of a log, and the number of rows they hold together.

    Every row is of a batch from ``first`` to ``last``; other parts may have rows of these batches,
    too. ``level`` is how often the rows were written again: the files of level 0 are those of an
    entry.
    """

    log: str
    files: tuple[str, ...]
    rows: Count
    first: Count
    last: Count
    level: Annotated[int, Meta(ge=0)] = 0


class Exchange(Struct, frozen=True, forbid_unknown_fields=True):
    """Files of a table that other files replace, with the same rows. ``before`` is the compaction
    that replaced files of the table before this one (0 = none)."""

    replaced: tuple[str, ...]
    written: tuple[str, ...]
    before: Count


class CompactionEntry(Entry, frozen=True, kw_only=True):
    """An entry of a compaction log.

    ``parts`` lists, by table, all files of the entries of each log up to the one in ``through``.
    ``exchanges`` are those of this compaction, by table; ``last`` is the last compaction that
    replaced files of each table.
    """

    through: Mapping[str, Count]
    parts: Mapping[str, tuple[Part, ...]]
    exchanges: Mapping[str, Exchange]
    last: Mapping[str, Count] = field(default_factory=dict)
