"""Build the pending batches of a log, oldest first, and commit one entry for each."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from contracts import Warehouse
from glue_jobs.build.generation import check_contracts
from lake import Log, SeqTaken, now
from lake.entries import Batch, BuildEntry, Output
from lake.quarantine import continue_totals
from lake.shapes import Shapes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PendingBatch:
    """A batch to build, with the batch before it and the entry that was built from that one. Both
    are None for the first batch."""

    batch: Batch
    previous_batch: Batch | None = None
    previous_entry: BuildEntry | None = None


@dataclass(frozen=True)
class BatchOutput:
    """The files that a job wrote for a batch, before they are committed. Tables without rows are
    absent. ``open_after`` is None if the batch closed none of the open quarantined rows."""

    tables: Mapping[str, Output]
    quarantined: Mapping[str, Output] = field(default_factory=dict)
    calendars: Mapping[str, str] = field(default_factory=dict)
    tombstones: Mapping[str, Output] = field(default_factory=dict)
    open_after: Mapping[str, Output] | None = None

    def after(self, before: BuildEntry | None, entry: BuildEntry) -> BuildEntry:
        """Return the entry of a batch with these files; its totals continue those of ``before``."""
        filled = replace(
            entry,
            tables=self.tables,
            quarantined=self.quarantined,
            calendars=self.calendars,
            tombstones=self.tombstones,
        )
        return continue_totals(filled, before, self.open_after)



def build(
    batches: Log[Batch],
    log: Log[BuildEntry],
    build_batch: Callable[[PendingBatch], BatchOutput],
    run: str,
    clock: Callable[[], datetime] = now,
    contracts: Warehouse | None = None,
    shapes: Shapes | None = None,
) -> int:
    """Build and commit every batch beyond the head of ``log``, and return how many were committed.

    A second run, also a concurrent one, commits nothing twice: a run that another one overtakes
    stops, and its uncommitted files belong to no entry. ``contracts`` are those in use, and
    ``shapes`` those of the generation. Raises ContractsChanged.
    """
    before, committed = log.head(), 0
    if contracts:
        check_contracts(before, contracts, batches, shapes)
    fingerprint = contracts.fingerprint if contracts else ""
    for previous, batch in _pending(batches, before.seq if before else 0):
        if shapes and contracts and not committed:
            shapes.keep(contracts)  # before the first entry that names them
        output = build_batch(PendingBatch(batch, previous, before))
        entry = output.after(before, BuildEntry(batch.seq, run, clock(), {}, contracts=fingerprint))
        try:
            log.commit(entry)
        except SeqTaken as taken:
            logger.info("another run is ahead", extra={"seq": batch.seq, "reason": str(taken)})
            break
        before, committed = entry, committed + 1
        logger.info("batch built", extra={"run": run, "seq": batch.seq, **_counts(output)})
    return committed


def _pending(batches: Log[Batch], built: int) -> Iterator[tuple[Batch | None, Batch]]:
    """Yield every batch beyond ``built``, oldest first, each after the one before it."""
    previous = None
    for batch in batches.after(built):
        if previous is None and batch.seq > 1:
            previous = batches.entry(batch.seq - 1)
        yield previous, batch
        previous = batch


def _counts(output: BatchOutput) -> dict[str, dict[str, int]]:
    return {
        "rows": {name: each.rows for name, each in output.tables.items()},
        "quarantined": {name: each.rows for name, each in output.quarantined.items()},
        "tombstones": {name: each.rows for name, each in output.tombstones.items()},
    }
