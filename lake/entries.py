"""What the logs say: one entry a batch in each log."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class File:
    """An object and what is in it, so that a reader can tell whether it is whole."""

    key: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Changes:
    """What a batch holds of one table: 'I', 'U' and 'D' rows, in one file."""

    file: File
    inserted: int
    updated: int
    deleted: int


@dataclass(frozen=True)
class Bucket:
    """An object of the mirror, with the number of its rows."""

    key: str
    rows: int


@dataclass(frozen=True)
class Position:
    """Up to where the source was read. ``horizon`` is the oldest transaction id that the snapshot
    could not see finished, or an older one while that was not safe on the source's disk; None
    where there is none yet. ``identity`` tells this source from every other, and from itself
    after a restore."""

    xmin: int
    xmax: int
    horizon: int | None
    identity: Mapping[str, str]


@dataclass(frozen=True)
class Batch:
    """An entry of the batch log. ``observed_at`` is naive, on the source's clock; ``committed_at``
    is UTC. ``mirror`` maps table -> bucket -> object and is whole, not only what changed."""

    seq: int
    run: str
    lake: str
    observed_at: datetime
    committed_at: datetime
    position: Position
    tables: Mapping[str, Changes]
    mirror: Mapping[str, Mapping[int, Bucket]]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Changed rows per table and op."""
        return {
            name: {"I": table.inserted, "U": table.updated, "D": table.deleted}
            for name, table in self.tables.items()
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Batch":
        """The entry in a JSON document. Raises KeyError, TypeError or ValueError."""
        return cls(
            **_common(document),
            lake=document["lake"],
            observed_at=datetime.fromisoformat(document["observed_at"]),
            position=Position(**document["position"]),
            tables={
                name: Changes(**{**table, "file": File(**table["file"])})
                for name, table in document["tables"].items()
            },
            mirror={
                name: {int(number): Bucket(**bucket) for number, bucket in buckets.items()}
                for name, buckets in document["mirror"].items()
            },
        )


@dataclass(frozen=True)
class Output:
    """Parquet files of one batch and table, and how many rows they hold together."""

    files: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Built:
    """An entry of the dimensions or the facts log: what a job made of a batch.

    ``quarantined`` holds the source rows that could not conform; ``open_quarantined`` counts all
    such rows up to this batch."""

    seq: int
    run: str
    committed_at: datetime
    tables: Mapping[str, Output]
    quarantined: Mapping[str, Output] = field(default_factory=dict)
    open_quarantined: int = 0

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Built":
        """The entry in a JSON document. Raises KeyError, TypeError or ValueError."""
        return cls(
            **_common(document),
            tables=_outputs(document["tables"]),
            quarantined=_outputs(document["quarantined"]),
            open_quarantined=document["open_quarantined"],
        )


@dataclass(frozen=True)
class Loaded:
    """An entry of the load log: the batch is in the warehouse."""

    seq: int
    run: str
    committed_at: datetime

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Loaded":
        """The entry in a JSON document. Raises KeyError, TypeError or ValueError."""
        return cls(**_common(document))


Entry = Batch | Built | Loaded


def document(entry: Entry) -> dict[str, Any]:
    """The entry as JSON can hold it; times by ISO 8601 with microseconds."""
    return {"format": FORMAT, **asdict(entry, dict_factory=_json_fields)}


def _json_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        name: value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value
        for name, value in pairs
    }


def _common(document: Mapping[str, Any]) -> dict[str, Any]:
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']}, and we read format {FORMAT}")
    committed_at = datetime.fromisoformat(document["committed_at"])
    return {"seq": document["seq"], "run": document["run"], "committed_at": committed_at}


def _outputs(document: Mapping[str, Any]) -> dict[str, Output]:
    return {name: Output(tuple(o["files"]), o["rows"]) for name, o in document.items()}
