"""Which rows a poll must read: those that a transaction wrote since the last batch, or all."""

from dataclasses import dataclass

from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Batch, Position
from postgres import Sql, render

MARGIN = 32
"""Transaction ids read once more below the horizon. The flush check alone lost nothing in stress
(FINDINGS.md); the margin costs repeats only until as many transactions have passed."""

COMPARABLE = 2**31
"""Ids further apart than this cannot be told apart by the 32 bits that a row keeps."""

ALL = Sql("TRUE")
CHANGED = Sql("((xmin::text::bigint - {low}) & 4294967295) < {width}")


@dataclass(frozen=True)
class XidRange:
    """Rows written by transaction ids from ``low`` on are read; there is no upper bound."""

    low: int
    xmax: int

    @property
    def condition(self) -> Sql:
        """The row's 32-bit xmin lies in [low, xmax), counted around the wrap (FINDINGS.md)."""
        return render(CHANGED, low=self.low & 0xFFFFFFFF, width=self.xmax - self.low)


@dataclass(frozen=True)
class NoRead:
    """No transaction has finished since the last batch: no table is read."""


@dataclass(frozen=True)
class FullRead:
    """Every row is read, because of ``reason``. Where ``instead_of`` is there, less would have
    done by all that we know, so that what it would not have shown is a row missed."""

    reason: str
    instead_of: XidRange | NoRead | None = None
    condition: Sql = ALL

    @classmethod
    def rather_than(cls, what: "FullRead | XidRange | NoRead", reason: str) -> "FullRead":
        """Everything, unless it is that already."""
        return what if isinstance(what, FullRead) else cls(reason, what)


def scope(head: Batch | None, now: Snapshot) -> FullRead | XidRange | NoRead:
    """What a poll with snapshot ``now`` must read after the batch ``head``."""
    if head is None:
        return FullRead("first poll")
    before = head.position
    if difference := _difference(before, now):
        return FullRead(f"the source is another: {difference} changed")
    if now.xmax < before.xmax:
        return FullRead("the source's transaction ids went back")
    if now.xmin == now.xmax == before.xmax == before.horizon:
        return NoRead()
    low = max(before.horizon - MARGIN, 3)  # ids 0 to 2 are PostgreSQL's own
    if now.xmax - low >= COMPARABLE:
        return FullRead("the last batch is too old to compare transaction ids")
    return XidRange(low, now.xmax)


def _difference(before: Position, now: Snapshot) -> str:
    return ", ".join(
        name for name, value in now.identity.items() if before.identity.get(name) != value
    )
