"""Build the pending batches of a log in ranges, oldest first, and commit one entry for each."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from contracts import Warehouse
from glue_jobs.build.generation import check_contracts
from glue_jobs.time_limit import NO_LIMIT, TimeLimit
from lake import Log, RangeLog, SeqTaken, now
from lake.concurrent import map_concurrently
from lake.entries import Batch, BuildEntry, Changes, Output
from lake.quarantine import continue_totals
from lake.shapes import Shapes

logger = logging.getLogger(__name__)

RANGE_ROWS = 500_000
"""Landed rows of a range of several batches: what one Spark job builds within a minute."""

RANGE_BATCHES = 500
"""Batches of a range: its entry counts the rows of each of them."""


@dataclass(frozen=True)
class PendingRange:
    """Consecutive batches to build, oldest first, with the batch before them and the entry that
    covers it. Both are None for the first batch. Only the last batch has its mirror."""

    batches: tuple[Batch, ...]
    previous_batch: Batch | None = None
    previous_entry: BuildEntry | None = None

    @property
    def first(self) -> int:
        return self.batches[0].seq

    @property
    def last(self) -> int:
        return self.batches[-1].seq

    @property
    def is_one_batch(self) -> bool:
        return len(self.batches) == 1

    def size(self, *tables: str) -> tuple[int, int]:
        """Return the number of landed rows of source tables, and the bytes of their files."""
        files = [each.file for table in tables for each in self.changes(table).values()]
        return sum(file.rows for file in files), sum(file.bytes for file in files)

    def changes(self, table: str) -> dict[int, Changes]:
        """Return the changed rows of a source table by batch, without files that have no rows."""
        found = {batch.seq: batch.tables.get(table) for batch in self.batches}
        return {seq: each for seq, each in found.items() if each and each.file.rows}


@dataclass(frozen=True)
class RangeOutput:
    """The files that a job wrote for a range, before they are committed. Tables without rows are
    absent. ``open_after`` is None if the range closed none of the open quarantined rows."""

    tables: Mapping[str, Output]
    quarantined: Mapping[str, Output] = field(default_factory=dict)
    calendars: Mapping[str, str] = field(default_factory=dict)
    tombstones: Mapping[str, Output] = field(default_factory=dict)
    open_after: Mapping[str, Output] | None = None

    def after(self, before: BuildEntry | None, entry: BuildEntry) -> BuildEntry:
        """Return the entry of a range with these files; its totals continue those of ``before``."""
        filled = replace(
            entry,
            tables=self.tables,
            quarantined=self.quarantined,
            calendars=self.calendars,
            tombstones=self.tombstones,
        )
        return continue_totals(filled, before, self.open_after)


@dataclass(frozen=True)
class Bounds:
    """A range has at most ``rows`` landed rows and RANGE_BATCHES batches, or is one batch; a batch
    counts as one row at least. A run ends before ``limit``. With a limit, its first range has a
    tenth of the size, and each later one up to twice that of the range before: how long a range
    takes is not known before."""

    rows: int = RANGE_ROWS
    limit: TimeLimit = NO_LIMIT

    def shares(self) -> Iterator[float]:
        """Yield the part of the full size that each range of a run may have."""
        share = FIRST_SHARE if self.limit.seconds else 1.0
        while True:
            yield share
            share = min(1.0, 2 * share)


Found = tuple[Batch | None, tuple[Batch, ...]]
"""The batches of a range, after the batch before them."""

DEFAULT_BOUNDS = Bounds()
FIRST_SHARE = 0.1


def build(
    batches: Log[Batch],
    log: RangeLog[BuildEntry],
    build_range: Callable[[PendingRange], RangeOutput],
    run: str,
    *,
    contracts: Warehouse | None = None,
    shapes: Shapes | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> int:
    """Build and commit every batch beyond the last one of ``log``, in ranges within ``bounds``, and
    return how many batches were committed. The run ends before its limit; the next one continues.

    A second run, also a concurrent one, commits nothing twice: a run that another one overtakes
    stops, and its uncommitted files belong to no entry. ``contracts`` are those in use, and
    ``shapes`` those of the generation. Raises ContractsChanged.
    """
    before, committed = log.head(), 0
    if contracts:
        check_contracts(before, contracts, batches, shapes)
    for previous, found in _in_time(batches, before.last if before else 0, bounds, run):
        if shapes and contracts and not committed:
            shapes.keep(contracts)  # before the first entry that names them
        pending = PendingRange(found, previous, before)
        with bounds.limit.step():
            output = build_range(pending)
        empty = _empty_entry(pending, run, contracts.fingerprint if contracts else "")
        if (entry := _commit(log, output, output.after(before, empty))) is None:
            break
        before, committed = entry, committed + len(found)
    return committed


def _empty_entry(pending: PendingRange, run: str, contracts: str) -> BuildEntry:
    before = pending.previous_entry
    return BuildEntry(
        before.seq + 1 if before else 1,
        run,
        now(),
        {},
        contracts=contracts,
        first=pending.first,
        last=pending.last,
    )


def _commit(log: RangeLog[BuildEntry], output: RangeOutput, entry: BuildEntry) -> BuildEntry | None:
    """Commit the entry of a range with this output, and return it; None if another run was the
    first to commit its number."""
    try:
        log.commit(entry)
    except SeqTaken as taken:
        logger.info("another run is ahead", extra={"seq": entry.last, "reason": str(taken)})
        return None
    fields = {"run": entry.run, "seq": entry.last, "first": entry.first, **_counts(output)}
    logger.info("batch built" if entry.first == entry.last else "range built", extra=fields)
    return entry


def _in_time(batches: Log[Batch], built: int, bounds: Bounds, run: str) -> Iterator[Found]:
    """Yield the pending ranges until the time limit is near."""
    for previous, found in _pending(batches, built, bounds):
        if not bounds.limit.has_time():
            logger.info("time limit is near", extra={"run": run, "next": found[0].seq})
            break
        yield previous, found


def _pending(batches: Log[Batch], built: int, bounds: Bounds) -> Iterator[Found]:
    """Yield the ranges beyond batch ``built``, oldest first, each after the batch before it."""
    previous = batches.entry(built) if built and built < batches.head_seq() else None
    found, rows, shares = list[Batch](), 0, bounds.shares()
    share = next(shares)
    for batch in map_concurrently(batches.entry, range(built + 1, batches.head_seq() + 1)):
        landed = max(1, sum(changes.file.rows for changes in batch.tables.values()))
        is_full = rows + landed > bounds.rows * share or len(found) >= RANGE_BATCHES * share
        if found and is_full:
            yield previous, tuple(found)
            previous, found, rows, share = found[-1], [], 0, next(shares)
        if found:
            found[-1] = replace(found[-1], mirror={}, pages={})  # needed of the last one only
        found.append(batch)
        rows += landed
    if found:
        yield previous, tuple(found)


def _counts(output: RangeOutput) -> dict[str, dict[str, int]]:
    return {
        "rows": {name: each.rows for name, each in output.tables.items()},
        "quarantined": {name: each.rows for name, each in output.quarantined.items()},
        "tombstones": {name: each.rows for name, each in output.tombstones.items()},
    }
