"""The transactions of the log that belong to a batch: two snapshots decide, never a position.

The order of commits in the log and the order in which they became visible may differ, and a crash
can take a slot's position back.
"""

from dataclasses import dataclass

EPOCH = 1 << 32
"""The log has the 32 low bits of a 64-bit transaction id."""


@dataclass(frozen=True)
class Visibility:
    """The top-level transactions whose changes a snapshot can see, by 64-bit ids."""

    xmin: int
    xmax: int
    in_progress: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Visibility":
        """Return the snapshot that PostgreSQL writes as ``xmin:xmax:id,id``. Raises ValueError."""
        xmin, xmax, ids = text.split(":")
        return cls(
            int(xmin), int(xmax), frozenset(map(int, ids.split(","))) if ids else frozenset()
        )

    def sees(self, xid: int) -> bool:
        """Return whether the transaction, if it committed, is visible."""
        return xid < self.xmin or (xid < self.xmax and xid not in self.in_progress)


@dataclass(frozen=True)
class Interval:
    """The interval between the snapshots of two batches, ``before`` and ``now``."""

    before: Visibility
    now: Visibility

    def brings(self, xid: int) -> bool:
        """Return whether a committed transaction, by 32 bits of its id, became visible."""
        full = self.full_id(xid)
        return self.now.sees(full) and not self.before.sees(full)

    def is_pending(self, xid: int) -> bool:
        """Return whether a committed transaction is not visible yet and belongs to a later batch:
        its commit may wait for a synchronous standby."""
        return not self.now.sees(self.full_id(xid))

    def full_id(self, xid: int) -> int:
        """Return the 64-bit id. PostgreSQL assigns none that is 2^31 or more ids away from one that
        a slot still needs, so the nearest to ``now`` is meant."""
        ahead = (xid - self.now.xmax) % EPOCH
        return self.now.xmax + (ahead if ahead < EPOCH // 2 else ahead - EPOCH)
