"""Which rows are set apart, and open still, without Spark and without reading a whole log."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lake import Lake, Log
from lake.entries import BuildEntry, Output, RetryEntry


@dataclass(frozen=True)
class Quarantine:
    """The rows set apart up to and with batch ``through`` that no retry has brought back, by
    source table; ``closed`` counts those that one has, up to and with ``last_retry``.

    ``open`` are those of them of whose keys no later batch has brought a version or a tombstone;
    ``tombstones`` are all up to ``through``, by fact.
    """

    last_retry: int
    through: int
    closed: int
    tables: Mapping[str, Output]
    open: Mapping[str, Output]
    tombstones: Mapping[str, Output]

    @property
    def rows(self) -> int:
        """How many rows are open."""
        return sum(output.rows for output in self.open.values())


def quarantine(lake: Lake) -> Quarantine:
    """What is set apart now: what the last retry left, and what batches set apart since."""
    retried, facts = lake.retries.head(), lake.facts.head()
    last, through, closed = (retried.seq, retried.through, retried.closed) if retried else (0, 0, 0)
    apart = [retried.quarantined] if retried else []
    tombstones = [retried.tombstones] if retried else []
    if facts:
        entries = list(setting_apart(lake.facts, through, facts))
        apart += [entry.quarantined for entry in entries]
        tombstones += [entry.tombstones for entry in entries]
    opened = _open(lake.facts, facts, retried) if facts else {}
    head = facts.seq if facts else 0
    return Quarantine(last, head, closed, together(apart), opened, together(tombstones))


def setting_apart(log: Log[BuildEntry], after: int, head: BuildEntry) -> Iterator[BuildEntry]:
    """The entries beyond ``after`` up to and with ``head`` that set rows apart, or hold tombstones,
    oldest first.

    The count of such rows never falls, so they are found by halving.
    """
    before = _count(log.entry(after)) if after else 0
    yield from _halved(log, after, before, head)


def together(parts: list[Mapping[str, Output]]) -> dict[str, Output]:
    """What several entries name, table by table."""
    files, rows = defaultdict[str, tuple[str, ...]](tuple), defaultdict[str, int](int)
    for part in parts:
        for table, output in part.items():
            files[table] += output.files
            rows[table] += output.rows
    return {table: Output(files[table], rows[table]) for table in files}


def _open(log: Log[BuildEntry], head: BuildEntry, retried: RetryEntry | None) -> dict[str, Output]:
    """What was left open where that was last told, by a retry or a batch, and came since."""
    told, after = dict[str, Output](), 0
    if retried and retried.through >= head.last_superseded_seq:
        told, after = dict(retried.open_after), retried.through
    elif head.last_superseded_seq:
        told, after = dict(log.entry(head.last_superseded_seq).open_after), head.last_superseded_seq
    return together([told, *(entry.quarantined for entry in setting_apart(log, after, head))])


def _halved(log: Log[BuildEntry], low: int, before: int, high: BuildEntry) -> Iterator[BuildEntry]:
    if high.seq == low or _count(high) == before:
        return
    if high.seq == low + 1:
        yield high
        return
    middle = log.entry((low + high.seq) // 2)
    yield from _halved(log, low, before, middle)
    yield from _halved(log, middle.seq, _count(middle), high)


def _count(entry: BuildEntry) -> int:
    return entry.quarantined_total + entry.tombstones_total
