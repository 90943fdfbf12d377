"""The batches and retries that were built and are not in the warehouse yet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

from msgspec.structs import replace

from lake import Lake, layout
from lake.compacted_files import CompactedFiles
from lake.concurrent import map_concurrently
from lake.entries import Batch, BuildEntry, Output, RetryEntry
from lake.layout import DIMENSIONS, FACTS

MAX_BATCHES = 1000
"""Batches of a load's transaction: their entries are in memory together."""


@dataclass(frozen=True)
class Files:
    """Files of a table, and the number of their rows to load. Of ``cut`` only the rows of the
    pending batches are loaded: their entry covers other batches too, or they are compacted."""

    whole: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    rows: int = 0

    def __add__(self, other: "Files") -> "Files":
        return Files(self.whole + other.whole, self.cut + other.cut, self.rows + other.rows)


NO_FILES = Files()


@dataclass(frozen=True)
class Pending:
    """The batches and the retries, oldest first, that one transaction brings to the warehouse, with
    the entries of both build logs that cover the batches, and the compacted files of the lake."""

    batches: list[Batch]
    retries: list[RetryEntry]
    dimensions: list[BuildEntry]
    facts: list[BuildEntry]
    compacted: CompactedFiles

    def __bool__(self) -> bool:
        return bool(self.batches or self.retries)

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last batch; 0 and 0 without batches."""
        return (self.batches[0].seq, self.batches[-1].seq) if self.batches else (0, 0)

    @property
    def rows(self) -> dict[int, int]:
        """The number of rows that each batch has for the warehouse."""
        return rows_by_batch([*self.dimensions, *self.facts], *self.span)

    def files_of(self, table: str) -> Files:
        """Return the files of a warehouse table."""
        logs = {DIMENSIONS: self.dimensions, FACTS: self.facts}
        built = [self._of_log(log, entries, table) for log, entries in logs.items()]
        return sum((*built, *_retried(table, (each.tables for each in self.retries))), NO_FILES)

    def tombstones_of(self, fact: str) -> Files:
        """Return the files of a fact's tombstones. A retry lists those of all batches that it
        covers."""
        last = self.retries[-1:]
        covered = last[0].through if last else 0
        built = [self._built(e, e.tombstones, fact) for e in self.facts if e.last > covered]
        return sum((*built, *_retried(fact, (each.tombstones for each in last))), NO_FILES)

    def _of_log(self, log: str, entries: Sequence[BuildEntry], table: str) -> Files:
        """Return the files of a table that the entries name, or compacted ones with their rows."""
        found = {entry.seq: self._built(entry, entry.tables, table) for entry in entries}
        built = {seq: files for seq, files in found.items() if files != NO_FILES}
        own = {seq: files.whole + files.cut for seq, files in built.items()}
        instead = self.compacted.instead_of(table, log, own, self.span)
        rows = sum(built.pop(seq).rows for seq in instead.entries)
        return sum(built.values(), Files(cut=instead.files, rows=rows))

    def _built(self, entry: BuildEntry, outputs: Mapping[str, Output], table: str) -> Files:
        output, (first, last) = outputs.get(table), self.span
        if output is None:
            return NO_FILES
        if first <= entry.first and entry.last <= last:
            return Files(output.files, rows=output.rows)
        seqs = range(max(first, entry.first), min(last, entry.last) + 1)
        rows = sum(entry.rows_of(output, seq) for seq in seqs)
        return Files(cut=output.files, rows=rows) if rows else NO_FILES


def built_through(lake: Lake) -> int:
    """Return the last batch from which both dimensions and facts were built; 0 if there is none."""
    return min(lake.dimensions.last_batch(), lake.facts.last_batch())


def next_pending(lake: Lake, head: int, retries: int, through: int, most_rows: int) -> Pending:
    """Return the batches beyond ``head`` up to and including ``through``, as many as have together
    at most ``most_rows`` rows and at least one, with the retries beyond ``retries`` that can follow
    them."""
    end = min(through, head + MAX_BATCHES)
    logs = lake.dimensions, lake.facts
    dimensions, facts = (list(log.spanning(head + 1, end)) for log in logs)
    rows = rows_by_batch([*dimensions, *facts], head + 1, end)
    sums = accumulate(rows.values())
    last = head + max(sum(1 for _ in takewhile(lambda n: n <= most_rows, sums)), min(1, len(rows)))
    return Pending(
        list(read_batches(lake, head + 1, last)),
        pending_retries(lake, retries, min(last, through)),
        [entry for entry in dimensions if entry.first <= last],
        [entry for entry in facts if entry.first <= last],
        CompactedFiles(lake, layout.processed_namespace(lake.generation)),
    )


def rows_by_batch(entries: Iterable[BuildEntry], first: int, last: int) -> dict[int, int]:
    """Return how many rows each batch from ``first`` to ``last`` has for the warehouse."""
    rows = dict.fromkeys(range(first, last + 1), 0)
    for entry in entries:
        for output in (*entry.tables.values(), *entry.tombstones.values()):
            for seq, count in (output.batches or {entry.first: output.rows}).items():
                if seq in rows:
                    rows[seq] += count
    return rows


def read_batches(lake: Lake, first: int, last: int) -> Iterator[Batch]:
    """Yield these entries of the batch log, without their mirrors, which are most of them."""
    batches = map_concurrently(lake.batches.entry, range(first, last + 1))
    return (replace(batch, mirror={}, pages={}) for batch in batches)


def pending_retries(lake: Lake, after: int, through: int) -> list[RetryEntry]:
    """Return the retries beyond ``after``, oldest first, that cover no batch beyond ``through``: a
    row that a retry brings back is never loaded before its batch."""
    return list(takewhile(lambda retry: retry.through <= through, lake.retries.after(after)))


def _retried(table: str, outputs: Iterable[Mapping[str, Output]]) -> Iterator[Files]:
    return (Files(each[table].files, rows=each[table].rows) for each in outputs if table in each)
