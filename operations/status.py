"""Where the platform stands: what was loaded, what waits where, how old the oldest of it is."""

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import contracts
from glue_jobs.quarantine import Quarantine, quarantine
from lake import Lake, now
from lake.abreast import abreast
from lake.entries import Batch
from operations.services import Services
from operations.warehouse import LAST, Warehouse

MOST_REASONS = 100  # told to programs


@dataclass(frozen=True)
class SetApart:
    """Open rows of a source table with the same reasons, and the key of one of them."""

    table: str
    reasons: str
    rows: int
    example: int


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
    reasons: list[SetApart]
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
        reasons=_reasons(lake, apart),
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
    return {entry.seq: entry.committed_at for entry in abreast(lake.loads.entry, known)}


def _retries(lake: Lake, warehouse: Warehouse) -> int | None:
    made = lake.retries.head_seq()
    return made - warehouse.retries if warehouse.is_heard or not made else None


def _reasons(lake: Lake, apart: Quarantine) -> list[SetApart]:
    """What is set apart by its reasons, the most rows first."""
    counted, examples = Counter[tuple[str, str]](), dict[tuple[str, str], int]()
    for table, output in apart.open.items():
        key = contracts.source().tables[table].key
        for file in output.files:
            body = io.BytesIO(lake.processed.get(file))
            rows = pq.read_table(body, columns=[key, "reasons"])
            grouped: pa.Table = rows.group_by("reasons").aggregate([(key, "count"), (key, "min")])
            for found in grouped.to_pylist():
                counted[table, found["reasons"]] += found[f"{key}_count"]
                examples.setdefault((table, found["reasons"]), found[f"{key}_min"])
    return [
        SetApart(table, reasons, rows, examples[table, reasons])
        for (table, reasons), rows in counted.most_common()
    ]
