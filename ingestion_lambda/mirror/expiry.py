"""Objects of the mirror that no batch needs any more may expire."""

import logging
from collections.abc import Iterator
from itertools import pairwise

from contracts.errors import PlatformError
from lake import Lake
from lake.concurrent import map_concurrently
from lake.entries import Batch

AT_ONCE = 100  # batches: what a load brings that lagged for days is left to several polls

logger = logging.getLogger(__name__)


def expire_through(head: Batch | None, loaded: int) -> int:
    """The last batch whose superseded objects are retired once a batch follows ``head``: one that
    is loaded, because build_dimensions compares the mirror of a batch with the one before."""
    before = head.expired_through if head else 0
    return max(before, min(loaded, before + AT_ONCE))


def expire_superseded(lake: Lake, head: Batch | None, batch: Batch) -> None:
    """Retire what ``batch``, which follows ``head``, says. Committed and announced as it is by
    now, a refusal fails nothing. Objects left untagged by it, or by a crash, are kept for good."""
    if head is None or batch.expired_through == head.expired_through:
        return
    try:
        lake.ingestion.expire(_superseded(lake, head, batch.expired_through))
    except PlatformError as refusal:
        told = {"batches": batch.expired_through - head.expired_through, "reason": str(refusal)}
        logger.warning("superseded mirror objects will not expire", extra=told)


def _superseded(lake: Lake, head: Batch, through: int) -> Iterator[str]:
    """What the batches beyond those that ``head`` retired superseded."""

    def entry(seq: int) -> Batch:
        return head if seq == head.seq else lake.batches.entry(seq)

    seqs = range(max(1, head.expired_through), through + 1)
    for before, after in pairwise(map_concurrently(entry, seqs)):
        kept = set(after.mirror_keys)
        yield from (key for key in before.mirror_keys if key not in kept)
