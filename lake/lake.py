"""The two buckets together, with their logs."""

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lake import layout
from lake.audits import Audits
from lake.directory import DirectoryStore
from lake.entries import Batch, BuildEntry, GenerationEntry, LoadEntry, RetryEntry
from lake.errors import InvalidLake
from lake.log import Log
from lake.store import Store


@dataclass(frozen=True)
class Lake:
    """*ingestion* and *processed*. ``generation`` is the replay of the batch log that the
    processed side belongs to."""

    ingestion: Store
    processed: Store
    generation: int = 1

    @property
    def batches(self) -> Log[Batch]:
        """What polls committed."""
        return Log(self.ingestion, layout.BATCH_LOG, Batch)

    @property
    def audits(self) -> Audits:
        """On which days the source was compared whole with the mirror."""
        return Audits(self.ingestion)

    @property
    def dimensions(self) -> Log[BuildEntry]:
        """What build_dimensions made of each batch."""
        return Log(self.processed, layout.processed_log(self.generation, "dimensions"), BuildEntry)

    @property
    def facts(self) -> Log[BuildEntry]:
        """What build_facts made of each batch."""
        return Log(self.processed, layout.processed_log(self.generation, "facts"), BuildEntry)

    @property
    def loads(self) -> Log[LoadEntry]:
        """Which batches are in the warehouse."""
        return Log(self.processed, layout.processed_log(self.generation, "load"), LoadEntry)

    @property
    def retries(self) -> Log[RetryEntry]:
        """What retries of quarantined rows brought back, numbered by themselves."""
        return Log(self.processed, layout.processed_log(self.generation, "retries"), RetryEntry)

    @property
    def generations(self) -> Log[GenerationEntry]:
        """Which generation is in use, for those that are not told: the head's, or else the
        first."""
        return Log(self.processed, layout.GENERATIONS_LOG, GenerationEntry)

    def in_use(self) -> "Lake":
        """Return the same lake in the generation that is in use; one request."""
        return replace(self, generation=self.generations.head_seq() or self.generation)


def open_lake(ingestion: str, processed: str, generation: int = 1) -> Lake:
    """The lake of two addresses, each ``s3://bucket`` or ``file:///directory``.

    Raises InvalidLake.
    """
    return Lake(open_store(ingestion), open_store(processed), generation)


def open_store(address: str) -> Store:
    """The store at ``s3://bucket`` or ``file:///directory``. Raises InvalidLake."""
    parts = urlsplit(address)
    match parts.scheme:
        case "s3" if parts.netloc and parts.path in ("", "/"):
            from lake.s3 import open_bucket  # noqa: PLC0415 - a lake in a directory needs no boto3

            return open_bucket(parts.netloc)
        case "file" if parts.path:
            return DirectoryStore(Path(unquote(parts.path)))
    raise InvalidLake(f"'{address}' is no lake; write s3://bucket or file:///directory.")
