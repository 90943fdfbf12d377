"""One poll: a snapshot of the source becomes the next batch."""

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from contracts import Source
from ingestion_lambda.batch import NextBatch
from ingestion_lambda.bus import Bus, batch_committed
from ingestion_lambda.capture.opening import open_capture
from ingestion_lambda.errors import SlotBusy
from ingestion_lambda.health import HealthMetrics
from ingestion_lambda.mirror.expiry import expire_superseded, expire_through
from ingestion_lambda.options import DEFAULT_OPTIONS, PollOptions
from ingestion_lambda.source.horizon import horizon_age
from ingestion_lambda.source.scope import FullRead
from ingestion_lambda.source.snapshot import Snapshot, open_snapshot
from lake import Lake, SeqTaken, now, publishing
from lake.entries import Audit, Batch
from lake.freshness import freshness
from lake.quarantine import count_open
from postgres import Connection

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Polled:
    """The result of a poll. ``seq`` is the last batch committed, by this poll or an earlier one;
    ``changes`` counts this poll's rows per table and op; ``emitted`` states whether an event was
    sent."""

    seq: int
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    emitted: bool = False
    health: HealthMetrics = field(default_factory=HealthMetrics)


def poll(
    connection: Connection,
    source: Source,
    lake: Lake,
    bus: Bus,
    run: str,
    options: PollOptions = DEFAULT_OPTIONS,
    *,
    pause: timedelta = timedelta(),
) -> Polled:
    """Commit the changes since the last batch, and send the event while the load lags, or what it
    publishes, but not within ``pause`` of the last load: then a later poll sends it, also one
    without a change.

    Of two concurrent polls one commits and the other ends without a change; a repeated poll changes
    nothing more. Once a day, as an audit, every table is read in full. Raises the errors of
    ``ingestion_lambda.errors`` and of the lake; then nothing is committed.
    """
    options.check(source)
    head = lake.batches.head()  # before the snapshot: a later head would make the snapshot look old
    name = head.lake if head else lake.name(run)
    with open_capture(connection, source, head, name, options.capture) as capture:
        with open_snapshot(connection, source) as snapshot:
            _warn_of_unknown_columns(snapshot)
            following = NextBatch(
                connection, source, lake.ingestion, head, name, run, snapshot, options,
                _is_audit(lake, head, snapshot), capture,
            )  # fmt: skip
            is_due, loaded = _is_due(following, lake), lake.loads.last_batch()
            batch = following.entry(expire_through(head, loaded)) if is_due else None
        publishes = options.publishes
        return _Conclusion(lake, bus, source, following, loaded, pause, publishes).of(batch, is_due)


def _is_audit(lake: Lake, head: Batch | None, snapshot: Snapshot) -> bool:
    """Return whether the day of the snapshot has no audit yet; the first poll reads all anyway."""
    return head is not None and not lake.audits.has(snapshot.observed_at.date())


def _is_due(following: NextBatch, lake: Lake) -> bool | None:
    """Read the batch and return whether it is due: None if another poll, which read the slot, has
    committed one meanwhile."""
    try:
        return following.read()
    except SlotBusy:
        if lake.batches.head_seq() < following.seq:
            raise
        logger.info("another poll was first", extra={"seq": following.seq})
        return None


def _commit(lake: Lake, batch: Batch) -> bool:
    """Commit the batch, and return whether this poll was the first to commit its seq."""
    try:
        lake.batches.commit(batch)
    except SeqTaken as error:
        logger.info("another poll was first", extra={"seq": batch.seq, "reason": str(error)})
        return False
    logger.info("batch committed", extra={"seq": batch.seq, "rows": batch.counts})
    return True


@dataclass(frozen=True)
class _Conclusion:
    """The steps after the snapshot; ``loaded`` is the last batch in the warehouse, and
    ``publishes`` says that the load publishes, too."""

    lake: Lake
    bus: Bus
    source: Source
    following: NextBatch
    loaded: int
    pause: timedelta
    publishes: bool

    def of(self, batch: Batch | None, is_due: bool | None) -> Polled:
        """Commit the batch that is due, let its slot move, and conclude the poll."""
        if is_due is False:
            return self.unchanged()
        if batch is None or not _commit(self.lake, batch):
            return self.lost()
        self.following.capture.committed(batch)
        return self.won(batch)

    def won(self, batch: Batch) -> Polled:
        """Conclude a poll that committed ``batch``."""
        self._record_audit(batch.seq)
        missed = sum(self.following.missed.values())
        polled = self._polled(batch, batch.counts, missed, len(batch.gaps))
        expire_superseded(self.lake, self.following.head, batch)
        return polled

    def lost(self) -> Polled:
        """Conclude a poll whose seq another poll committed. That poll counts the missed rows, and
        an audit whose rows were not committed is due again."""
        return self._polled(self.lake.batches.head())

    def unchanged(self) -> Polled:
        """Conclude a poll that found no change."""
        head = self.following.head
        self._record_audit(head.seq if head else 0)
        return self._polled(self.lake.batches.head())

    def _record_audit(self, seq: int) -> None:
        """Record the day's audit, after the commit, if every table was read in full."""
        if not isinstance(self.following.scope, FullRead):
            return
        missed, at = self.following.missed, self.following.snapshot.observed_at
        if self.lake.audits.record(Audit(seq, self.following.run, now(), at, missed)):
            day = at.date().isoformat()
            logger.info("audit done", extra={"day": day, "missed": sum(missed.values())})

    def _polled(
        self,
        newest: Batch | None,
        changes: dict[str, dict[str, int]] | None = None,
        missed: int = 0,
        gaps: int = 0,
    ) -> Polled:
        waiting = freshness(self.lake, newest.seq if newest else 0, self.loaded, newest)
        lag = publishing.lag(self.lake, self.loaded) if self.publishes else None
        emitted = newest is not None and self._emit_while_it_lags(newest, waiting, bool(lag))
        wal = self.following.capture.wal
        health = HealthMetrics(
            waiting,
            horizon_age(self.following.head, self.following.snapshot),
            count_open(self.lake),
            missed,
            wal.bytes,
            len(wal.leftover),
            gaps,
            lag,
        )
        return Polled(newest.seq if newest else 0, changes or {}, emitted, health)

    def _emit_while_it_lags(self, newest: Batch, waiting: float, is_unpublished: bool) -> bool:
        """Send the event until the load log has the newest batch, and what it has is published: a
        lost event, a failed load or a failed publication is repeated by the next poll, a failed
        publication only after the pause."""
        if self.loaded >= newest.seq and not self._is_publication_due(is_unpublished):
            return False
        if self._is_in_pause(waiting):
            logger.info("event deferred", extra={"seq": newest.seq, "waiting": waiting})
            return False
        if self.bus.workflow_runs():
            return False
        self.bus.publish(batch_committed(self.source.name, newest))
        logger.info("event sent", extra={"seq": newest.seq, "loaded_through": self.loaded})
        return True

    def _is_publication_due(self, is_unpublished: bool) -> bool:
        return is_unpublished and publishing.is_due(self.lake, self.pause)

    def _is_in_pause(self, waiting: float) -> bool:
        """Return whether the last load was less than ``pause`` ago, and no batch has waited for
        ``pause``, which limits the wait even if the clock of a job is wrong. A failed run loads
        nothing, so it causes no pause."""
        if waiting >= self.pause.total_seconds() or not self.loaded:
            return False
        return now() - self.lake.loads.covering(self.loaded).committed_at < self.pause


def _warn_of_unknown_columns(snapshot: Snapshot) -> None:
    for table, columns in snapshot.unknown_columns.items():
        logger.warning(
            "columns left out, because their contract does not name them",
            extra={"table": table, "columns": columns},
        )
