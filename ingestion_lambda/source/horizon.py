"""The age of the horizon: how long the source's oldest transaction has been in progress."""

from datetime import datetime

from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Batch


def running_since(head: Batch | None, snapshot: Snapshot) -> datetime:
    """Return the latest time by which the oldest transaction in progress had begun, on the
    source's clock; the time of ``snapshot`` if no earlier time is known.

    Only a superuser can see when other sessions began. The batches show it instead: a transaction
    whose id is below the ``xmax`` of a batch had begun by then.
    """
    if (
        head is None
        or head.position.identity != snapshot.identity
        or snapshot.xmin >= head.position.xmax
    ):
        return snapshot.observed_at
    if snapshot.xmin == head.position.xmin and head.position.running_since:
        return head.position.running_since
    return head.observed_at


def horizon_age(head: Batch | None, snapshot: Snapshot) -> float:
    """Return the seconds since ``running_since``: 0 while no transaction outlasts a batch."""
    return max(0.0, (snapshot.observed_at - running_since(head, snapshot)).total_seconds())
