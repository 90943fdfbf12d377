"""How long the oldest transaction in progress is known to keep the horizon where it is."""

from datetime import datetime

from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Batch


def running_since(head: Batch | None, now: Snapshot) -> datetime:
    """Since when, at the least, the oldest transaction in progress runs, on the source's clock.

    Nobody but a superuser may see when other sessions began, so this is known from the batches:
    a transaction whose id lies below the ``xmax`` of a batch had begun by then. It is the time of
    the earliest batch for which that is recorded, and ``now`` where it is not of the last one.
    """
    if head is None or head.position.identity != now.identity or now.xmin >= head.position.xmax:
        return now.observed_at
    if now.xmin == head.position.xmin and head.position.running_since:
        return head.position.running_since
    return head.observed_at


def horizon_age(head: Batch | None, now: Snapshot) -> float:
    """The seconds since ``running_since``: 0 while no transaction outlasts a batch."""
    return max(0.0, (now.observed_at - running_since(head, now)).total_seconds())
