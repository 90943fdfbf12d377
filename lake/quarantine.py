"""Arithmetic of the logs about quarantined rows. It needs no Spark and reads few entries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from lake.entries import BuildEntry, Output, Outputs, RetryEntry
from lake.lake import Lake
from lake.range_log import RangeLog


@dataclass(frozen=True)
class Quarantine:
    """The rows that were quarantined up to batch ``through`` and not brought back, by source table.

    ``closed`` counts the rows that retries up to ``last_retry`` brought back. ``open`` holds the
    rows without a later version or tombstone of their key. ``tombstones`` holds all
    tombstones up to ``through``, by fact.
    """

    last_retry: int
    through: int
    closed: int
    tables: Outputs
    open: Outputs
    tombstones: Outputs

    @property
    def rows(self) -> int:
        """The number of open rows."""
        return count_rows(self.open)


def quarantine(lake: Lake) -> Quarantine:
    """Return the quarantine: what the last retry left, and what batches added since."""
    retry, facts = lake.retries.head(), lake.facts.head()
    through = retry.through if retry else 0
    added = list(entries_with_losses(lake.facts, through, facts)) if facts else []
    return Quarantine(
        last_retry=retry.seq if retry else 0,
        through=facts.last if facts else 0,
        closed=retry.closed if retry else 0,
        tables=merge_outputs(entry.quarantined for entry in (retry, *added) if entry),
        open=_open(lake.facts, facts, retry) if facts else {},
        tombstones=merge_outputs(entry.tombstones for entry in (retry, *added) if entry),
    )


def open_rows(lake: Lake, facts: BuildEntry) -> dict[str, Output]:
    """Return the quarantined rows that are open after the entry ``facts``, by source table."""
    return _open(lake.facts, facts, lake.retries.head())


def count_open(lake: Lake) -> int:
    """Return the number of open rows; few entries are read."""
    facts, retry = lake.facts.head(), lake.retries.head()
    if facts is None:
        return 0
    if retry is None or retry.through < facts.last_superseded_seq:
        return facts.open_quarantined
    quarantined_before = lake.facts.covering(retry.through).quarantined_total
    return count_rows(retry.open_after) + facts.quarantined_total - quarantined_before


def continue_totals(
    entry: BuildEntry, before: BuildEntry | None, open_after: Outputs | None
) -> BuildEntry:
    """Return the entry with the totals that continue those of the entry before.

    ``open_after`` holds all rows that are open after its batches, or is None if they closed none.
    """
    added = count_rows(entry.quarantined)
    open_before = before.open_quarantined if before else 0
    last_superseded_seq = before.last_superseded_seq if before else 0
    return replace(
        entry,
        open_quarantined=open_before + added if open_after is None else count_rows(open_after),
        quarantined_total=added + (before.quarantined_total if before else 0),
        tombstones_total=count_rows(entry.tombstones) + (before.tombstones_total if before else 0),
        last_superseded_seq=last_superseded_seq if open_after is None else entry.last,
        open_after=open_after or {},
    )


def entries_with_losses(
    log: RangeLog[BuildEntry], after: int, head: BuildEntry
) -> Iterator[BuildEntry]:
    """Yield the entries beyond batch ``after`` up to ``head`` with quarantined rows or tombstones.
    ``after`` is 0, or the last batch of an entry.

    They come oldest first. Their totals never decrease, so a binary search finds them.
    """
    before = log.covering(after) if after else None
    yield from _search(log, before.seq if before else 0, _losses(before) if before else 0, head)


def merge_outputs(parts: Iterable[Outputs]) -> dict[str, Output]:
    """Return the files and rows of several outputs, by table."""
    files, rows = defaultdict[str, tuple[str, ...]](tuple), defaultdict[str, int](int)
    for part in parts:
        for table, output in part.items():
            files[table] += output.files
            rows[table] += output.rows
    return {table: Output(files[table], rows[table]) for table in files}


def count_rows(outputs: Outputs) -> int:
    """Return the number of rows of all tables."""
    return sum(output.rows for output in outputs.values())


def _open(
    log: RangeLog[BuildEntry], head: BuildEntry, retry: RetryEntry | None
) -> dict[str, Output]:
    """Return the last list of all open rows, by a retry or a batch, and the rows added since."""
    listed: Mapping[str, Output] = {}
    after = 0
    if retry and retry.through >= head.last_superseded_seq:
        listed, after = retry.open_after, retry.through
    elif head.last_superseded_seq:
        after = head.last_superseded_seq
        listed = log.covering(after).open_after
    added = entries_with_losses(log, after, head)
    return merge_outputs([listed, *(entry.quarantined for entry in added)])


def _search(
    log: RangeLog[BuildEntry], low: int, before: int, high: BuildEntry
) -> Iterator[BuildEntry]:
    if high.seq == low or _losses(high) == before:
        return
    if high.seq == low + 1:
        yield high
        return
    middle = log.entry((low + high.seq) // 2)
    yield from _search(log, low, before, middle)
    yield from _search(log, middle.seq, _losses(middle), high)


def _losses(entry: BuildEntry) -> int:
    return entry.quarantined_total + entry.tombstones_total
