"""One poll: the whole source at one instant becomes the next batch, or nothing happens."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace
from pg8000.native import Connection

from contracts import Source
from ingestion_lambda.batch import NextBatch
from ingestion_lambda.bus import Bus, batch_committed
from ingestion_lambda.health import HealthMetrics, freshness
from ingestion_lambda.mirror.expiry import expire_superseded, expire_through
from ingestion_lambda.options import DEFAULT_OPTIONS, PollOptions
from ingestion_lambda.source.horizon import horizon_age
from ingestion_lambda.source.scope import FullRead
from ingestion_lambda.source.snapshot import Snapshot, frozen
from lake import Lake, SeqTaken, now
from lake.entries import Audit, Batch

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Polled:
    """What a poll did. ``seq`` is the last batch committed, by this poll or an earlier one;
    ``changes`` counts this poll's rows per table and op; ``emitted`` says whether an event was
    sent; ``figures`` say how the platform stands."""

    seq: int
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    emitted: bool = False
    figures: HealthMetrics = field(default_factory=HealthMetrics)


def poll(
    connection: Connection,
    source: Source,
    lake: Lake,
    bus: Bus,
    run: str,
    orders: PollOptions = DEFAULT_OPTIONS,
) -> Polled:
    """Commit what changed since the last batch, and send the event while the load lags.

    Of two polls at once one commits and the other stops cleanly. Run again it changes nothing
    more. Once a day, as an audit, every table is read in full. Raises the errors of
    ``ingestion_lambda.errors`` and of the lake, and then nothing is committed.
    """
    orders.check(source)
    head = lake.batches.head()  # before the snapshot: a later head would make it look old
    with frozen(connection, source) as snapshot:
        _report_unknown_columns(snapshot)
        is_audit = head is not None and not lake.audits.has(snapshot.observed_at.date())
        following = NextBatch(
            connection, source, lake.ingestion, head, run, snapshot, orders, is_audit
        )
        batch = following.read()
    loaded = lake.loads.head_seq()
    if batch:
        batch = replace(batch, expired_through=expire_through(head, loaded))
    is_ours = batch is None or _commit(lake, batch)
    newest = batch if batch and is_ours else lake.batches.head()
    missed = following.missed if is_ours else {}  # the winner of two polls at once counts them
    if is_ours and isinstance(following.scope, FullRead):
        _record_audit(lake, run, batch or head, snapshot, missed)
    changes = batch.counts if batch and is_ours else {}
    emitted = newest is not None and _emit_while_load_lags(loaded, bus, source, newest)
    if batch and is_ours:
        expire_superseded(lake, head, batch)
    figures = HealthMetrics(
        freshness(lake, newest, loaded),
        horizon_age(head, snapshot),
        lake.open_quarantined(),
        sum(missed.values()),
    )
    return Polled(newest.seq if newest else 0, changes, emitted, figures)


def _record_audit(
    lake: Lake, run: str, audited: Batch | None, snapshot: Snapshot, missed: Mapping[str, int]
) -> None:
    """After the commit: an audit whose finds were not committed is due again."""
    seq = audited.seq if audited else 0
    if lake.audits.record(Audit(seq, run, now(), snapshot.observed_at, missed)):
        day = snapshot.observed_at.date().isoformat()
        logger.info("audit done", extra={"day": day, "missed": sum(missed.values())})


def _commit(lake: Lake, batch: Batch) -> bool:
    try:
        lake.batches.commit(batch)
    except SeqTaken as taken:
        logger.info("another poll was first", extra={"seq": batch.seq, "reason": str(taken)})
        return False
    logger.info("batch committed", extra={"seq": batch.seq, "rows": batch.counts})
    return True


def _emit_while_load_lags(loaded: int, bus: Bus, source: Source, newest: Batch) -> bool:
    """Lost events and failed loads heal: every poll asks again until the load log is there."""
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
