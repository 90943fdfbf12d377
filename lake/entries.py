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
    could not see finished, or an older one while that was not safe on the source's disk.
    ``identity`` tells this source from every other, and from itself after a restore.
    ``running_since`` is the ``observed_at`` of the earliest batch known to have met the
    transaction ``xmin`` under way, where one has."""

    xmin: int
    xmax: int
    horizon: int
    identity: Mapping[str, str]
    running_since: datetime | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Position":
        """The position in a JSON document. Raises KeyError, TypeError or ValueError."""
        since = document.get("running_since")
        return cls(**{**document, "running_since": since and datetime.fromisoformat(since)})


@dataclass(frozen=True)
class Batch:
    """An entry of the batch log. ``observed_at`` is naive, on the source's clock; ``committed_at``
    is UTC. ``mirror`` maps table -> bucket -> object and is whole, not only what changed.
    ``retired`` is the last batch whose superseded objects of the mirror this poll, or an earlier
    one, retired."""

    seq: int
    run: str
    lake: str
    observed_at: datetime
    committed_at: datetime
    position: Position
    tables: Mapping[str, Changes]
    mirror: Mapping[str, Mapping[int, Bucket]]
    retired: int = 0

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Changed rows per table and op."""
        return {
            name: {"I": table.inserted, "U": table.updated, "D": table.deleted}
            for name, table in self.tables.items()
        }

    @property
    def mirror_keys(self) -> list[str]:
        """Every object of the mirror."""
        return [bucket.key for buckets in self.mirror.values() for bucket in buckets.values()]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Batch":
        """The entry in a JSON document. Raises KeyError, TypeError or ValueError."""
        return cls(
            **_common(document),
            lake=document["lake"],
            observed_at=datetime.fromisoformat(document["observed_at"]),
            position=Position.read(document["position"]),
            tables={
                name: Changes(**{**table, "file": File(**table["file"])})
                for name, table in document["tables"].items()
            },
            mirror={
                name: {int(number): Bucket(**bucket) for number, bucket in buckets.items()}
                for name, buckets in document["mirror"].items()
            },
            retired=document.get("retired", 0),
        )


@dataclass(frozen=True)
class Output:
    """Parquet files of one batch and table, and how many rows they hold together."""

    files: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Built:
    """An entry of the dimensions or the facts log: what a job made of a batch.

    ``quarantined`` holds the source rows that could not conform; ``open_quarantined`` counts those
    that are open after this batch, but for what retries brought back since ``superseding``.
    ``calendars`` says from which day to which the days are in the lake, by calendar; ``contracts``
    is the fingerprint of those that they were made by.

    ``tombstones`` holds, by fact, the keys of deleted rows whose last values could not conform.
    ``set_apart`` and ``buried`` count all rows quarantined, and all tombstones, up to this batch;
    they never fall. ``superseding`` is the last batch, 0 for none, that brought a version or a
    tombstone of a key with open rows; that batch's own entry has in ``still_open`` all rows, by
    source table, that were open after it."""

    seq: int
    run: str
    committed_at: datetime
    tables: Mapping[str, Output]
    quarantined: Mapping[str, Output] = field(default_factory=dict)
    open_quarantined: int = 0
    calendars: Mapping[str, str] = field(default_factory=dict)
    contracts: str = ""
    tombstones: Mapping[str, Output] = field(default_factory=dict)
    set_apart: int = 0
    buried: int = 0
    superseding: int = 0
    still_open: Mapping[str, Output] = field(default_factory=dict)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Built":
        """The entry in a JSON document. Raises KeyError, TypeError or ValueError."""
        return cls(
            **_common(document),
            tables=_outputs(document["tables"]),
            quarantined=_outputs(document["quarantined"]),
            open_quarantined=document["open_quarantined"],
            calendars=document.get("calendars", {}),
            contracts=document.get("contracts", ""),
            tombstones=_outputs(document.get("tombstones", {})),
            set_apart=document.get("set_apart", document["open_quarantined"]),
            buried=document.get("buried", 0),
            superseding=document.get("superseding", 0),
            still_open=_outputs(document.get("still_open", {})),
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


@dataclass(frozen=True)
class Retried:
    """An entry of the log of retries: rows set apart that could be read after all.

    Every row that was set apart up to and with batch ``through``, and not brought back before, was
    tried. ``tables`` holds the versions brought back, with the batch and the moment of their rows;
    ``quarantined`` all the rows that stayed apart, ``still_open`` those of them that are open, and
    ``closed`` counts what this and earlier retries brought back. ``tombstones`` names all of the
    batches up to ``through``: what comes back may have been deleted since."""

    seq: int
    run: str
    committed_at: datetime
    through: int
    tables: Mapping[str, Output]
    quarantined: Mapping[str, Output]
    closed: int
    still_open: Mapping[str, Output]
    tombstones: Mapping[str, Output] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows that it brings to the warehouse."""
        return sum(output.rows for output in self.tables.values())

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Retried":
        """The entry in a JSON document. Raises KeyError, TypeError or ValueError."""
        return cls(
            **_common(document),
            through=document["through"],
            tables=_outputs(document["tables"]),
            quarantined=_outputs(document["quarantined"]),
            closed=document["closed"],
            still_open=_outputs(document.get("still_open", document["quarantined"])),
            tombstones=_outputs(document.get("tombstones", {})),
        )


@dataclass(frozen=True)
class Adopted:
    """An entry of the log of generations: from then on generation ``seq`` was the one in use."""

    seq: int
    run: str
    committed_at: datetime

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Adopted":
        """The entry in a JSON document. Raises KeyError, TypeError or ValueError."""
        return cls(**_common(document))


@dataclass(frozen=True)
class Audit:
    """The record of a day's audit: the source was compared whole with the mirror, which then was
    that of batch ``seq``. ``missed`` counts, per table, the rows that polls had overlooked."""

    seq: int
    run: str
    committed_at: datetime
    observed_at: datetime
    missed: Mapping[str, int]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Audit":
        """The record in a JSON document. Raises KeyError, TypeError or ValueError."""
        observed_at = datetime.fromisoformat(document["observed_at"])
        return cls(**_common(document), observed_at=observed_at, missed=document["missed"])


Entry = Batch | Built | Loaded | Retried | Adopted | Audit


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
