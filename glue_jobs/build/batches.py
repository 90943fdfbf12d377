"""Take the batches that a log does not have yet, oldest first, and commit one entry for each."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from msgspec.structs import replace
from datetime import datetime

from glue_jobs.errors import ContractsChanged
from lake import Log, SeqTaken, now
from lake.entries import Batch, BuildEntry, Output

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchOutput:
    """What a step made of a batch, written but not committed. Tables without rows are absent.
    ``still_open`` is None where the batch left open what was open before it."""

    tables: Mapping[str, Output]
    quarantined: Mapping[str, Output] = field(default_factory=dict)
    calendars: Mapping[str, str] = field(default_factory=dict)
    tombstones: Mapping[str, Output] = field(default_factory=dict)
    open_after: Mapping[str, Output] | None = None

    def after(self, before: BuildEntry | None, entry: BuildEntry) -> BuildEntry:
        """The entry of a batch with what was made of it; it counts on from the one before."""
        apart, known = _rows(self.quarantined), before.open_quarantined if before else 0
        last_superseded_seq = before.last_superseded_seq if before else 0
        return replace(
            entry,
            tables=self.tables,
            quarantined=self.quarantined,
            open_quarantined=known + apart if self.open_after is None else _rows(self.open_after),
            calendars=self.calendars,
            tombstones=self.tombstones,
            quarantined_total=apart + (before.quarantined_total if before else 0),
            tombstones_total=_rows(self.tombstones) + (before.tombstones_total if before else 0),
            last_superseded_seq=last_superseded_seq if self.open_after is None else entry.seq,
            open_after=self.open_after or {},
        )


def build(
    batches: Log[Batch],
    log: Log[BuildEntry],
    make: Callable[[Batch], BatchOutput],
    run: str,
    clock: Callable[[], datetime] = now,
    contracts: str = "",
) -> int:
    """Make and commit every batch beyond the head of ``log``; returns how many.

    Running it again, or twice at once, commits nothing twice: where another run is quicker this
    one stops, and what it had written belongs to no entry. ``contracts`` is the fingerprint of
    those that they are made by. Raises ContractsChanged.
    """
    before, committed = log.head(), 0
    _refuse_others(before, contracts)
    for batch in batches.after(before.seq if before else 0):
        made = make(batch)
        entry = made.after(before, BuildEntry(batch.seq, run, clock(), {}, contracts=contracts))
        try:
            log.commit(entry)
        except SeqTaken as taken:
            logger.info("another run is ahead", extra={"seq": batch.seq, "reason": str(taken)})
            break
        before, committed = entry, committed + 1
        logger.info("batch built", extra={"run": run, "seq": batch.seq, **_counts(made)})
    return committed


def _refuse_others(head: BuildEntry | None, contracts: str) -> None:
    """A table that came to the contracts would begin in the middle of its history."""
    if head and head.contracts and head.contracts != contracts:
        raise ContractsChanged(
            f"Batches 1 to {head.seq} of this generation were built by contracts {head.contracts},"
            f" and these are {contracts}: their history would be torn. Build the next generation"
            " into an empty database (python -m embedded rebuild --generation next, or a higher"
            " --generation of the jobs)."
        )


def _rows(outputs: Mapping[str, Output]) -> int:
    return sum(output.rows for output in outputs.values())


def _counts(made: BatchOutput) -> dict[str, dict[str, int]]:
    return {
        "rows": {name: output.rows for name, output in made.tables.items()},
        "quarantined": {name: output.rows for name, output in made.quarantined.items()},
        "tombstones": {name: output.rows for name, output in made.tombstones.items()},
    }
