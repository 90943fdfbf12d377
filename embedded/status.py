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
from glue_jobs import ledger
from glue_jobs.errors import OtherLedger, SchemaOutdated
from glue_jobs.pending import origin
from glue_jobs.quarantine import Quarantine, quarantine
from lake import Lake, now
from lake.entries import Batch
from postgres import Refused, Unreachable, connected, from_dsn

LAST = 8  # batches shown
MOST_REASONS = 100  # told to programs
LEDGER = "select batch_seq, loaded_at from etl.ledger order by batch_seq desc limit :last"


@dataclass(frozen=True)
class Warehouse:
    """What the warehouse says of itself: the batches and the retries that it holds, and when the
    last batches came. ``told`` is why it says nothing, or should not be loaded; ``is_down`` that
    this is an error."""

    head: int = 0
    retries: int = 0
    loaded_at: Mapping[int, datetime] | None = None
    told: str = ""
    is_down: bool = False


@dataclass(frozen=True)
class SetApart:
    """Open rows of a source table with the same reasons, and the key of one of them."""

    table: str
    reasons: str
    rows: int
    example: int


@dataclass(frozen=True)
class Status:
    """Where a lake and its warehouse stand. ``waiting`` counts batches that each step has yet to
    take, and retries; ``freshness`` is the age in seconds of the oldest batch not yet loaded."""

    generation: int
    last: list[Batch]
    seq: int
    loaded_through: int
    waiting: Mapping[str, int]
    freshness: float
    quarantined: int
    reasons: list[SetApart]
    warehouse: Warehouse

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
                "loaded_through": self.warehouse.head,
                "error": self.warehouse.told or None,
            },
        }


def status(lake: Lake, warehouse: str) -> Status:
    """The status of a lake, even an empty one, and of a warehouse, even one that is down."""
    seq, loaded = lake.batches.head_seq(), lake.loads.head_seq()
    found, apart = _warehouse(lake, warehouse, seq), quarantine(lake)
    return Status(
        generation=lake.generation,
        last=list(lake.batches.after(max(0, seq - LAST), seq)),
        seq=seq,
        loaded_through=loaded,
        waiting={
            "dimensions": seq - lake.dimensions.head_seq(),
            "facts": seq - lake.facts.head_seq(),
            "load": seq - loaded,
            "retries": lake.retries.head_seq() - found.retries,
        },
        freshness=freshness(lake, seq, loaded),
        quarantined=apart.rows,
        reasons=_reasons(lake, apart),
        warehouse=found,
    )


def freshness(lake: Lake, seq: int, loaded: int) -> float:
    """Seconds since the oldest batch beyond the load log was committed; 0 where all are loaded."""
    if loaded >= seq:
        return 0.0
    return (now() - lake.batches.entry(loaded + 1).committed_at).total_seconds()


def _warehouse(lake: Lake, warehouse: str, seq: int) -> Warehouse:
    try:
        with connected(from_dsn(warehouse), "status") as connection:
            found = ledger.standing(connection)
            loaded_at = dict(connection.run(LEDGER, last=LAST))
            if seq:
                fingerprint = contracts.warehouse().fingerprint
                ledger.check(found, origin(lake, seq), found.schema, fingerprint)
    except SchemaOutdated as outdated:
        return Warehouse(told=str(outdated))
    except (OtherLedger, Refused, Unreachable) as error:
        return Warehouse(told=str(error), is_down=True)
    return Warehouse(found.head, found.retries, loaded_at)


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
