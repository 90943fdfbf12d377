"""The WAL that the source retains for the replication slots of a lake, also for those that polls do
not read any more: nothing but a drop lets the source remove it."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pg8000.exceptions import DatabaseError

from postgres import Connection, Sql, render, value

SLOTS = """
SELECT slot_name::text, coalesce(pg_current_wal_lsn() - restart_lsn, 0)::bigint
FROM pg_replication_slots
WHERE database = current_database() AND plugin = 'pgoutput' AND slot_name IN ({names})
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetainedWal:
    """Bytes of WAL: those for the slot that polls read, None without one, and those for each slot
    that is left over, by name."""

    read: int | None = None
    leftover: Mapping[str, int] = field(default_factory=dict)

    @property
    def bytes(self) -> int | None:
        """All of them, None without a slot."""
        if self.read is None and not self.leftover:
            return None
        return (self.read or 0) + sum(self.leftover.values())


NO_WAL = RetainedWal()


def leftover_slots(connection: Connection, names: Collection[str]) -> Mapping[str, int]:
    """Return those of the slots that exist, and the bytes of WAL that the source retains for them.
    Each is logged with its remedy."""
    if not names:
        return {}
    try:
        found = dict(connection.run(render(SLOTS, names=Sql(", ".join(map(value, names))))))
    except DatabaseError:  # Aurora has no function of the WAL
        return {}
    for name, size in found.items():
        remedy = f"To fix: drop it with slot --drop --slot {name}; see docs/runbook/retained-wal.md"
        extra = {"slot": name, "retained_bytes": size, "reason": remedy}
        logger.warning("no poll reads a replication slot of this lake", extra=extra)
    return found
