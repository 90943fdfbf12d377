"""Expiry: mirror objects that no batch needs any more are marked for the store's lifecycle rule."""

import logging
from collections.abc import Iterator
from itertools import pairwise

from contracts.errors import PlatformError
from lake import Lake
from lake.concurrent import map_concurrently
from lake.entries import Batch
from lake.mirror_map import superseded_keys

AT_ONCE = 100
"""Batches per poll: after a load that lagged for days, several polls share the work."""

logger = logging.getLogger(__name__)


def expire_through(head: Batch | None, loaded: int) -> int:
    """Return the last batch whose superseded objects expire once a batch follows ``head``.

    That batch must be loaded, because build_dimensions compares the mirror of a batch with the
    mirror before it.
    """
    before = head.expired_through if head else 0
    return max(before, min(loaded, before + AT_ONCE))


def expire_superseded(lake: Lake, head: Batch | None, batch: Batch) -> None:
    """Expire the superseded objects up to ``batch.expired_through``; ``batch`` follows ``head``.

    The batch is already committed and announced, so a refusal of the store is only a warning.
    Objects that a refusal or a crash leaves unmarked are never deleted.
    """
    if head is None or batch.expired_through == head.expired_through:
        return
    try:
        lake.ingestion.expire(_superseded(lake, head, batch.expired_through))
    except PlatformError as error:
        batches = batch.expired_through - head.expired_through
        logger.warning(
            "superseded mirror objects will not expire",
            extra={"batches": batches, "reason": str(error)},
        )


def _superseded(lake: Lake, head: Batch, through: int) -> Iterator[str]:
    """Yield the objects superseded by the batches after ``head.expired_through``."""

    def entry(seq: int) -> Batch:
        return head if seq == head.seq else lake.batches.entry(seq)

    def superseded(pair: tuple[Batch, Batch]) -> list[str]:
        return sorted(superseded_keys(lake.ingestion, *pair))

    seqs = range(max(1, head.expired_through), through + 1)
    for keys in map_concurrently(superseded, pairwise(map_concurrently(entry, seqs))):
        yield from keys
