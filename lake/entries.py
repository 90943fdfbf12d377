"""The entries of the logs, and how they are stored as JSON.

Timestamps named ``observed_at`` are naive, on the source's clock; ``committed_at`` is UTC. Changing
a field needs a new ``FORMAT``: an entry of another format, or with a field that this version does
not know, is refused.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct, ValidationError, field
from msgspec.structs import force_setattr

FORMAT = 2
RANGE_FORMAT = 3
"""The format of entries that cover a range of batches. Versions that know no ranges refuse it."""

Utc = Annotated[datetime, Meta(tz=True)]
SourceTime = Annotated[datetime, Meta(tz=False)]
Count = Annotated[int, Meta(ge=0)]


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """A Parquet object, with its row count, size and SHA-256, so that a reader can verify it."""

    key: str
    rows: Count
    bytes: Count
    sha256: str


class Changes(Struct, frozen=True, forbid_unknown_fields=True):
    """The changed rows of one table in a batch: one file, and its rows counted by operation."""

    file: File
    inserted: Count
    updated: Count
    deleted: Count


class Bucket(Struct, frozen=True, forbid_unknown_fields=True):
    """An object of the mirror, with its row count."""

    key: str
    rows: Count


class Page(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of a mirror's map: the batch and the run that wrote it (`layout.mirror_page_key`), and
    the rows of its buckets."""

    seq: Annotated[int, Meta(ge=1)]
    run: str
    rows: Count


class PageContent(Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag=1):
    """The object of a page: bucket -> object."""

    buckets: Mapping[int, Bucket]


class Output(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Parquet files of one table, and the number of rows they hold together. ``batches`` counts
    the rows of each batch; it is empty if all are of one batch."""

    files: tuple[str, ...]
    rows: Count
    batches: Mapping[int, Count] = field(default_factory=dict)


Outputs = Mapping[str, Output]
"""Outputs by table."""


class Position(Struct, frozen=True, forbid_unknown_fields=True):
    """The point up to which the source was read.

    ``horizon`` is the oldest transaction id that the snapshot could not see finished, or an older
    one while that id was not yet durable at the source. ``identity`` distinguishes this source from
    every other, and from itself after a restore. ``running_since`` is the ``observed_at`` of the
    first batch that is known to have met transaction ``xmin`` in progress, or None.
    """

    xmin: int
    xmax: int
    horizon: int
    identity: Mapping[str, str]
    running_since: SourceTime | None = None


class Capture(Struct, frozen=True, forbid_unknown_fields=True):
    """The point from which the log of the next batch is read.

    ``snapshot`` is PostgreSQL's, as text: it decides which transactions the next batch brings.
    ``position`` is the LSN that the replication ``slot`` may be advanced to, ``publication`` the
    oid of the publication, ``server_start`` the last start or crash of the server, and ``tables``
    are those whose changes the log shows from here on. Unless the batch ``is_durable``, the source
    can lose transactions that it saw, and the log of the next batch is not read.
    """

    snapshot: str
    slot: str
    position: str
    publication: int
    server_start: str
    tables: tuple[str, ...]
    is_durable: bool = True


class Gap(Struct, frozen=True, forbid_unknown_fields=True):
    """Tables whose changes between the batch before, observed ``since``, and this batch were not
    read from the log, and the reason: they are the difference of the two batches."""

    reason: str
    tables: tuple[str, ...]
    since: SourceTime


class Entry(Struct, frozen=True, forbid_unknown_fields=True, tag_field="format", tag=FORMAT):
    """The fields of every entry: its number in the log, the run that committed it, and when."""

    seq: Annotated[int, Meta(ge=1)]
    run: str
    committed_at: Utc


class Batch(Entry, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the batch log: what one poll committed. Fields with their defaults are not
    stored, so that earlier versions can read the entry of a poll by difference.

    ``mirror`` maps table -> bucket -> object and is complete: unchanged buckets are listed too. A
    table with many buckets has an empty map there, and its map lies in ``pages``: table -> page ->
    object (`lake.mirror_map` reads both). ``expired_through`` is the last batch whose superseded
    mirror objects are marked to expire. ``capture`` is None unless the next batch can be captured
    by log; ``gaps`` are what a capture by log could not read. ``slots`` are the replication slots
    that polls of this lake have read and the source still has, besides the one named after it.
    """

    lake: str
    observed_at: SourceTime
    position: Position
    tables: Mapping[str, Changes]
    mirror: Mapping[str, Mapping[int, Bucket]]
    expired_through: Count = 0
    capture: Capture | None = None
    gaps: tuple[Gap, ...] = ()
    slots: tuple[str, ...] = ()
    pages: Mapping[str, Mapping[int, Page]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Changed rows per table and operation (I, U, D)."""
        return {
            name: {"I": table.inserted, "U": table.updated, "D": table.deleted}
            for name, table in self.tables.items()
        }


class RangeEntry(Entry, frozen=True, kw_only=True, tag=RANGE_FORMAT):
    """An entry that covers the batches ``first`` to ``last``: ``first`` is the last batch of the
    entry before, plus one. Without them, as earlier versions wrote it, it covers the batch of its
    own number."""

    first: Count = 0
    last: Count = 0

    def __post_init__(self) -> None:
        if not self.last:
            force_setattr(self, "first", self.seq)
            force_setattr(self, "last", self.seq)


class BuildEntry(RangeEntry, frozen=True):
    """An entry of the dimensions log or the facts log: what a job built from a range of batches.

    ``quarantined`` holds source rows that do not conform, by source table. ``open_quarantined``
    counts the quarantined rows that are open after the range; rows that retries brought back since
    ``last_superseded_seq`` still count. ``calendars`` maps each calendar to the days in the lake
    (first/last). ``contracts`` is the fingerprint of the contracts used.

    ``tombstones`` holds, by fact, the keys of deleted rows whose last values do not conform.
    ``quarantined_total`` and ``tombstones_total`` count all quarantined rows and tombstones up to
    ``last``; they never decrease. ``last_superseded_seq`` is the last batch of the last range that
    closed a quarantined row (0 = none): its entry lists in ``open_after`` all rows, by source
    table, that stayed open.
    """

    tables: Outputs
    quarantined: Outputs = field(default_factory=dict)
    open_quarantined: Count = 0
    calendars: Mapping[str, str] = field(default_factory=dict)
    contracts: str = ""
    tombstones: Outputs = field(default_factory=dict)
    quarantined_total: Count = 0
    tombstones_total: Count = 0
    last_superseded_seq: Count = 0
    open_after: Outputs = field(default_factory=dict)

    def rows_of(self, output: Output, batch: int) -> int:
        """Return how many rows of an output of this entry belong to a batch of its range."""
        return output.rows if self.first == self.last else output.batches.get(batch, 0)


class LoadEntry(RangeEntry, frozen=True):
    """An entry of the load log: the batches are in the warehouse."""


class RetryEntry(Entry, frozen=True):
    """An entry of the retry log: quarantined rows that conform after all.

    The retry tried every row that was quarantined up to batch ``through`` and not brought back
    before. ``tables`` holds the versions brought back, with the batch and time of their rows.
    ``quarantined`` holds all rows that stay in quarantine, ``open_after`` those of them that are
    open. ``closed`` counts the rows that this and earlier retries brought back. ``tombstones``
    lists all tombstones up to ``through``, because a row brought back may have been deleted since.
    """

    through: int
    tables: Outputs
    quarantined: Outputs
    closed: Count
    open_after: Outputs
    tombstones: Outputs = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The number of rows that this retry brought back."""
        return sum(output.rows for output in self.tables.values())


class GenerationEntry(Entry, frozen=True):
    """An entry of the generations log: generation ``seq`` is in use from then on."""


class PublishEntry(Entry, frozen=True):
    """An entry of the publish log, a hint: the Iceberg tables at these addresses, by identifier,
    have the files of all entries of each log up to the one in ``through``."""

    tables: Mapping[str, str]
    through: Mapping[str, Count]


class ViewsEntry(Entry, frozen=True):
    """An entry of the log of views: Athena's views were created from the texts of this digest, or,
    if it is empty, their creation began."""

    digest: str


class Audit(Entry, frozen=True):
    """The record of a day's audit, in which a full read was compared with the mirror of batch
    ``seq``. ``missed`` counts, per table, the rows that earlier polls had missed."""

    observed_at: SourceTime
    missed: Mapping[str, int]


E = TypeVar("E", bound=Entry)
R = TypeVar("R", bound=RangeEntry)


def encode(entry: Entry) -> bytes:
    """Return the entry as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(entry), indent=1)


def decode(body: bytes, kind: type[E]) -> E:
    """Return the entry in a JSON document. Raises ValueError (msgspec's own types are ones)."""
    try:
        return msgspec.json.decode(body, type=kind)
    except ValidationError:
        if not issubclass(kind, RangeEntry):
            raise
        return _of_one_batch(body, kind)


def _of_one_batch(body: bytes, kind: type[R]) -> R:
    """Return an entry that a version without ranges wrote."""
    document = msgspec.json.decode(body)
    if isinstance(document, dict) and document.get("format") == FORMAT:
        document["format"] = RANGE_FORMAT
    return msgspec.convert(document, kind)
