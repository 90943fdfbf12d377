"""One poll: the whole source at one instant becomes the next batch, or nothing happens."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from pg8000.native import Connection

from contracts import Source
from ingestion_lambda.batch import NextBatch
from ingestion_lambda.bus import Bus, batch_committed
from ingestion_lambda.snapshot import Snapshot, frozen
from lake import Lake, SeqTaken
from lake.entries import Batch

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Polled:
    """What a poll did. ``seq`` is the last batch committed, by this poll or an earlier one;
    ``changes`` counts this poll's rows per table and op; ``emitted`` says whether an event was
    sent."""

    seq: int
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    emitted: bool = False


def poll(
    connection: Connection,
    source: Source,
    lake: Lake,
    bus: Bus,
    run: str,
    allow_mass_delete: Collection[str] = (),
) -> Polled:
    """Commit what changed since the last batch, and send the event while the load lags.

    Of two polls at once one commits and the other stops cleanly. Run again it changes nothing
    more. The breaker for mass deletes lets the tables in ``allow_mass_delete`` pass. Raises the
    errors of ``ingestion_lambda.errors`` and of the lake, and then nothing is committed.
    """
    head = lake.batches.head()  # before the snapshot: a later head would make it look old
    with frozen(connection, source) as snapshot:
        _report_unknown_columns(snapshot)
        batch = NextBatch(
            connection, source, lake.ingestion, head, run, snapshot, allow_mass_delete
        ).read()
    changes = batch.counts if batch and _commit(lake, batch) else {}
    newest = batch if changes else lake.batches.head()
    if newest is None:
        return Polled(0)
    return Polled(newest.seq, changes, _emit_while_load_lags(lake, bus, source, newest))


def _commit(lake: Lake, batch: Batch) -> bool:
    try:
        lake.batches.commit(batch)
    except SeqTaken as taken:
        logger.info("another poll was first", extra={"seq": batch.seq, "reason": str(taken)})
        return False
    logger.info("batch committed", extra={"seq": batch.seq, "rows": batch.counts})
    return True


def _emit_while_load_lags(lake: Lake, bus: Bus, source: Source, newest: Batch) -> bool:
    """Lost events and failed loads heal: every poll asks again until the load log is there."""
    loaded = lake.loads.head_seq()
    if loaded >= newest.seq or bus.workflow_runs():
        return False
    bus.publish(batch_committed(source.name, newest))
    logger.info("event sent", extra={"seq": newest.seq, "loaded_through": loaded})
    return True


def _report_unknown_columns(snapshot: Snapshot) -> None:
    for table, columns in snapshot.unknown_columns.items():
        logger.warning(
            "columns left out, for their contract does not name them",
            extra={"table": table, "columns": columns},
        )
