"""Where the platform stands: what was loaded, what waits where, how old the oldest of it is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from lake import Lake, now
from lake.concurrent import map_concurrently
from lake.entries import Batch
from lake.quarantine import quarantine
from operations.quarantined_rows import QuarantinedRows, quarantined_rows
from operations.services import Services
from operations.warehouse import LAST, Warehouse

MOST_REASONS = 100  # told to programs


@dataclass(frozen=True)
class Status:
    """Where a lake and its warehouse stand, and in AWS what runs there. ``waiting`` counts batches
    that each step has yet to take, and retries (None where only the warehouse would know);
    ``freshness`` is the age in seconds of the oldest batch not yet loaded; ``loaded_at`` tells of
    the ``last`` batches when each came to the warehouse, as it says itself or else the load log."""

    generation: int
    last: list[Batch]
    loaded_at: Mapping[int, datetime]
    seq: int
    loaded_through: int
    waiting: Mapping[str, int | None]
    freshness: float
    quarantined: int
    reasons: list[QuarantinedRows]
    warehouse: Warehouse
    services: Services | None = None

    def report(self) -> dict[str, Any]:
        """The same, as the last line of a command has it."""
        return {
            "seq": self.seq,
            "loaded_through": self.loaded_through,
            "generation": self.generation,
            "pending": dict(self.waiting),
            "freshness_seconds": round(self.freshness, 3),
            "quarantined": self.quarantined,
            "reasons": [asdict(apart) for apart in self.reasons[:MOST_REASONS]],
            "warehouse": {
                "loaded_through": self.warehouse.head if self.warehouse.is_heard else None,
                "error": self.warehouse.told or None,
            },
            **(self.services.report() if self.services else {}),
        }


def status(lake: Lake, warehouse: Warehouse, services: Services | None = None) -> Status:
    """The status of a lake, even an empty one, with what else was asked before."""
    seq, loaded = lake.batches.head_seq(), lake.loads.head_seq()
    last, apart = list(lake.batches.after(max(0, seq - LAST), seq)), quarantine(lake)
    return Status(
        generation=lake.generation,
        last=last,
        loaded_at={**_load_log(lake, last, loaded), **warehouse.loaded_at},
        seq=seq,
        loaded_through=loaded,
        waiting={
            "dimensions": seq - lake.dimensions.head_seq(),
            "facts": seq - lake.facts.head_seq(),
            "load": seq - loaded,
            "retries": _retries(lake, warehouse),
        },
        freshness=freshness(lake, seq, loaded),
        quarantined=apart.rows,
        reasons=quarantined_rows(lake, apart.open),
        warehouse=warehouse,
        services=services,
    )


def freshness(lake: Lake, seq: int, loaded: int) -> float:
    """Seconds since the oldest batch beyond the load log was committed; 0 where all are loaded."""
    if loaded >= seq:
        return 0.0
    return (now() - lake.batches.entry(loaded + 1).committed_at).total_seconds()


def _load_log(lake: Lake, last: list[Batch], loaded: int) -> dict[int, datetime]:
    known = [batch.seq for batch in last if batch.seq <= loaded]
    return {entry.seq: entry.committed_at for entry in map_concurrently(lake.loads.entry, known)}


def _retries(lake: Lake, warehouse: Warehouse) -> int | None:
    made = lake.retries.head_seq()
    return made - warehouse.retries if warehouse.is_heard or not made else None
