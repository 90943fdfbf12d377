"""The state of the platform: its health, loaded and pending batches, and quarantine."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from lake import Lake
from lake.concurrent import map_concurrently
from lake.entries import Batch
from lake.erasures import ErasureEntry, unfinished
from lake.publishing import unpublished_batches
from lake.quarantine import quarantine
from operations.alarms import Limits
from operations.health import HEALTHY, Health, health
from operations.quarantined_rows import QuarantinedRows, quarantined_rows
from operations.services import Services
from operations.warehouse_state import LAST, WarehouseState

MOST_REASONS = 100  # in the report for programs


@dataclass(frozen=True)
class CaptureGap:
    """A gap of a batch: tables whose versions since the batch before are only the difference."""

    seq: int
    since: datetime
    through: datetime
    reason: str
    tables: tuple[str, ...]

    def report(self) -> dict[str, Any]:
        """Return the gap for programs."""
        times = {"since": self.since.isoformat(), "through": self.through.isoformat()}
        return {**asdict(self), **times}


@dataclass(frozen=True)
class Status:
    """The state of a lake, its warehouse, and the services in AWS.

    ``pending`` counts the batches that each step has yet to take, those that are loaded and not
    published, and the retries to load (None if only an unreachable warehouse knows). ``loaded_at``
    has the load times of the ``last`` batches, from the warehouse or else from the load log.
    ``erasures`` have begun and not ended.
    """

    health: Health
    generation: int
    last: list[Batch]
    loaded_at: Mapping[int, datetime]
    seq: int
    loaded_through: int
    pending: Mapping[str, int | None]
    quarantined: int
    reasons: list[QuarantinedRows]
    warehouse: WarehouseState
    services: Services | None = None
    erasures: Sequence[ErasureEntry] = ()

    @property
    def gaps(self) -> list[CaptureGap]:
        """The gaps in the log of the ``last`` batches."""
        return [
            CaptureGap(batch.seq, gap.since, batch.observed_at, gap.reason, gap.tables)
            for batch in self.last
            for gap in batch.gaps
        ]

    def report(self) -> dict[str, Any]:
        """Return the status as the last line of a command."""
        return {
            **self.health.report(),
            "seq": self.seq,
            "loaded_through": self.loaded_through,
            "generation": self.generation,
            "pending": dict(self.pending),
            "quarantined": self.quarantined,
            "gaps": [gap.report() for gap in self.gaps],
            "erasures": [
                {"table": each.table, "key": each.key, "begun_at": each.committed_at.isoformat()}
                for each in self.erasures
            ],
            "reasons": [asdict(reason) for reason in self.reasons[:MOST_REASONS]],
            "warehouse": {
                "loaded_through": self.warehouse.head if self.warehouse.is_known else None,
                "error": self.warehouse.problem or None,
            },
            **(self.services.report() if self.services else {}),
        }


def status(
    lake: Lake,
    warehouse: WarehouseState,
    services: Services | None = None,
    limits: Limits | None = None,
) -> Status:
    """Return the status of a lake, which may be empty, with the given states of the other parts."""
    is_paused = services is not None and not services.schedule.is_enabled
    seq, loaded = lake.batches.head_seq(), lake.loads.last_batch()
    last, quarantined = list(lake.batches.after(max(0, seq - LAST), seq)), quarantine(lake)
    return Status(
        health=health(lake, limits, warehouse.unreachable, is_paused),
        generation=lake.generation,
        last=last,
        loaded_at={**_load_log(lake, last, loaded), **warehouse.loaded_at},
        seq=seq,
        loaded_through=loaded,
        pending={
            "dimensions": seq - lake.dimensions.last_batch(),
            "facts": seq - lake.facts.last_batch(),
            "load": seq - loaded,
            "published": unpublished_batches(lake, loaded),
            "retries": _pending_retries(lake, warehouse),
        },
        quarantined=quarantined.rows,
        reasons=quarantined_rows(lake, quarantined.open),
        warehouse=warehouse,
        services=services,
        erasures=unfinished(lake.erasures.after(0)),
    )


def exit_status(result: Status, is_check: bool) -> int:
    """Return the exit status of the command: 1 if the warehouse cannot be reached or is another
    one's; with ``is_check`` also if the platform is not healthy."""
    is_healthy = result.health.state == HEALTHY or not is_check
    return 0 if is_healthy and not result.warehouse.is_down else 1


def _load_log(lake: Lake, last: list[Batch], loaded: int) -> dict[int, datetime]:
    seqs = [batch.seq for batch in last if batch.seq <= loaded]
    entries = map_concurrently(lake.loads.covering, seqs)
    return {seq: entry.committed_at for seq, entry in zip(seqs, entries, strict=True)}


def _pending_retries(lake: Lake, warehouse: WarehouseState) -> int | None:
    retries = lake.retries.head_seq()
    return retries - warehouse.retries if warehouse.is_known or not retries else None
