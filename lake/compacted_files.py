"""Compacted files that a reader of many entries opens: a few instead of thousands. The logs alone
say which; the originals stay, and are read where a file is missing."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from lake import layout
from lake.compactions import CompactionEntry, Part
from lake.lake import Lake

MANY = 32
"""Files below which a reader does not look for compacted ones."""

ROWS_PER_FILE = 2_000
"""Rows of a large file that take as long to read as it takes to open a small one: 1.6 ms."""

Span = tuple[int, int]
"""The first and the last batch."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Instead:
    """Compacted files whose rows of the batches of a span are exactly those of ``entries``."""

    files: tuple[str, ...] = ()
    entries: frozenset[int] = frozenset()


NOTHING = Instead()


@dataclass(frozen=True)
class CompactedFiles:
    """The files of the last compaction of a namespace, which is read once."""

    lake: Lake
    namespace: str

    def instead_of(
        self, table: str, log: str, entries: Mapping[int, Collection[str]], span: Span
    ) -> Instead:
        """Return the compacted files that hold the rows of a table for some of these entries of a
        log, each given with its own files. The entries are all of those that have rows of the
        table in the batches of the span. Returns NOTHING if it is not worth it, or if a compacted
        file does not exist."""
        head = self._head if len(entries) >= MANY else None
        if head is None:
            return NOTHING
        parts = [part for part in head.parts.get(table, ()) if part.log == log]
        original = {file for part in parts if not part.level for file in part.files}
        held = frozenset(
            seq
            for seq, files in entries.items()
            if seq <= head.through.get(log, 0) and original.isdisjoint(files)
        )
        compacted = [part for part in parts if part.level and _overlaps(part, span)]
        if sum(part.rows for part in compacted) > ROWS_PER_FILE * len(held):
            return NOTHING
        return self._existing(table, Instead(_files(compacted), held))

    def _existing(self, table: str, instead: Instead) -> Instead:
        folder = layout.compacted_folder(self.namespace, table)
        missing = {*instead.files}.difference(s.key for s in self.lake.processed.under(folder))
        for key in sorted(missing)[:1]:
            address = self.lake.processed.uri(key)
            logger.warning("compacted file is missing, originals are read", extra={"file": address})
        return NOTHING if missing else instead

    @cached_property
    def _head(self) -> CompactionEntry | None:
        return self.lake.compactions(self.namespace).head()


def _overlaps(part: Part, span: Span) -> bool:
    return part.first <= span[1] and span[0] <= part.last


def _files(parts: Collection[Part]) -> tuple[str, ...]:
    return tuple(file for part in parts for file in part.files)
