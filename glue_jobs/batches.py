"""Take the batches that a log does not have yet, oldest first, and commit one entry for each."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lake import Log, SeqTaken, now
from lake.entries import Batch, Built, Output

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """What a step made of a batch, written but not committed. Tables without rows are absent."""

    tables: Mapping[str, Output]
    quarantined: Mapping[str, Output] = field(default_factory=dict)


def build(
    batches: Log[Batch],
    log: Log[Built],
    make: Callable[[Batch], Made],
    run: str,
    clock: Callable[[], datetime] = now,
) -> int:
    """Make and commit every batch beyond the head of ``log``; returns how many.

    Running it again, or twice at once, commits nothing twice: where another run is quicker this
    one stops, and what it had written belongs to no entry.
    """
    head = log.head()
    committed, unfit = 0, head.open_quarantined if head else 0
    for batch in batches.after(head.seq if head else 0):
        made = make(batch)
        unfit += sum(output.rows for output in made.quarantined.values())
        try:
            log.commit(Built(batch.seq, run, clock(), made.tables, made.quarantined, unfit))
        except SeqTaken as taken:
            logger.info("another run is ahead", extra={"seq": batch.seq, "reason": str(taken)})
            break
        committed += 1
        logger.info("batch built", extra={"run": run, "seq": batch.seq, **_counts(made)})
    return committed


def _counts(made: Made) -> dict[str, dict[str, int]]:
    return {
        "rows": {name: output.rows for name, output in made.tables.items()},
        "quarantined": {name: output.rows for name, output in made.quarantined.items()},
    }
