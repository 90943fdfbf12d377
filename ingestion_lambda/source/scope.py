"""The scope of a poll: the rows that it reads of each table.

ADR docs/adr/0018-change-detection.md explains the transaction id arithmetic.
"""

from dataclasses import dataclass

from ingestion_lambda.source.snapshot import Snapshot
from lake.entries import Batch, Position
from postgres import Sql, render

MARGIN = 32
"""Transaction ids below the horizon that are read again. The flush check alone lost no row under
stress; the margin is a second safeguard, and repeats rows only until that many transactions ran."""

COMPARABLE = 2**31
"""Ids that are further apart than this cannot be compared: a row stores 32 bits of its id."""

ALL, NONE = Sql("TRUE"), Sql("FALSE")
REFERENCE = 3
"""The lowest id of a transaction. PostgreSQL reserves 0 to 2, which all have the same age."""

FEW = 256
"""Ids that are compared one by one: PostgreSQL searches a list by hashing since version 14. Workers
may compare them in parallel, but may not call age()."""

ONE_OF = Sql("xmin = ANY ('{ids}'::xid[])")
CHANGED = Sql(
    "((age('{reference}'::xid)::bigint - age(xmin) + {reference} - {low}) & 4294967295) < {width}"
)


@dataclass(frozen=True)
class XidRange:
    """An incremental read: the rows written by transactions with an id in [``low``, ``xmax``)."""

    low: int
    xmax: int

    @property
    def condition(self) -> Sql:
        """The 32-bit xmin of the row is in [low, xmax), modulo 2^32. An upper bound is needed
        besides the lower one: a frozen row keeps its old xmin, which looks new 2^31 ids later.

        Only the difference of two ages counts, so the id at which they are taken does not. A cast
        of each xmin to text and to a number takes three times as long."""
        if self.xmax - self.low <= FEW:
            ids = (xid & 0xFFFFFFFF for xid in range(self.low, self.xmax))
            listed = ",".join(str(xid) for xid in ids if xid >= REFERENCE)
            return Sql(ONE_OF.replace("{ids}", f"{{{listed}}}"))
        low, width = self.low & 0xFFFFFFFF, self.xmax - self.low
        return render(CHANGED, reference=REFERENCE, low=low, width=width)


@dataclass(frozen=True)
class NoRead:
    """No read: no transaction has finished since the last batch."""


@dataclass(frozen=True)
class FullRead:
    """A read of every row, for ``reason``.

    ``instead_of`` is the smaller scope that should have sufficed, if there is one: a row that it
    would not have shown is a missed row.
    """

    reason: str
    instead_of: XidRange | NoRead | None = None
    condition: Sql = ALL

    @classmethod
    def widen(cls, scope: "Scope", reason: str) -> "FullRead":
        """Return ``scope`` widened to every row; a full read stays as it is."""
        return scope if isinstance(scope, FullRead) else cls(reason, scope)


Scope = FullRead | XidRange | NoRead


def choose_scope(head: Batch | None, snapshot: Snapshot) -> Scope:
    """Return the smallest scope that finds every change between the batch ``head`` and
    ``snapshot``."""
    if head is None:
        return FullRead("first poll")
    before = head.position
    if changed := _changed_identity(before, snapshot):
        return FullRead(f"the source is another: {changed} changed")
    if snapshot.xmax < before.xmax:
        return FullRead("the source's transaction ids went back")
    if snapshot.xmin == snapshot.xmax == before.xmax == before.horizon:
        return NoRead()
    low = max(before.horizon - MARGIN, REFERENCE)
    if snapshot.xmax - low >= COMPARABLE:
        return FullRead("the last batch is too old to compare transaction ids")
    return XidRange(low, snapshot.xmax)


def _changed_identity(before: Position, snapshot: Snapshot) -> str:
    return ", ".join(
        name for name, value in snapshot.identity.items() if before.identity.get(name) != value
    )
