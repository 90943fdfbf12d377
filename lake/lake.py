"""The two stores of a lake with their logs."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from lake import layout
from lake.attempts import Attempts
from lake.audits import Audits
from lake.compactions import CompactionEntry
from lake.directory import DirectoryStore
from lake.entries import (
    Batch,
    BuildEntry,
    GenerationEntry,
    LoadEntry,
    PublishEntry,
    RetryEntry,
    ViewsEntry,
)
from lake.erasures import ErasureEntry
from lake.errors import AlreadyExists, InvalidLake
from lake.log import Log
from lake.range_log import RangeLog
from lake.shapes import Shapes
from lake.store import Store


@dataclass(frozen=True)
class Lake:
    """The stores *ingestion* and *processed*. ``generation`` is the replay of the batches whose
    results are read and written in *processed*."""

    ingestion: Store
    processed: Store
    generation: int = 1

    @property
    def batches(self) -> Log[Batch]:
        """Batches that polls committed."""
        return Log(self.ingestion, layout.BATCH_LOG, Batch)

    @property
    def audits(self) -> Audits:
        """Audits of the mirror, by day."""
        return Audits(self.ingestion)

    @property
    def attempts(self) -> Attempts:
        """Attempts of polls and jobs."""
        return Attempts(self.ingestion, self.processed)

    @property
    def dimensions(self) -> RangeLog[BuildEntry]:
        """Output of build_dimensions."""
        return self._built("dimensions")

    @property
    def facts(self) -> RangeLog[BuildEntry]:
        """Output of build_facts."""
        return self._built("facts")

    @property
    def loads(self) -> RangeLog[LoadEntry]:
        """Batches that are in the warehouse."""
        return RangeLog(self.processed, layout.processed_log(self.generation, "load"), LoadEntry)

    @property
    def retries(self) -> Log[RetryEntry]:
        """Retries of quarantined rows, with numbers of their own."""
        return Log(self.processed, layout.processed_log(self.generation, "retries"), RetryEntry)

    @property
    def shapes(self) -> Shapes:
        """Shapes of the contracts that the generation was built with."""
        return Shapes(self.processed, self.generation)

    @property
    def published(self) -> Log[PublishEntry]:
        """Hints of publishers, with numbers of their own."""
        return Log(self.processed, layout.processed_log(self.generation, "published"), PublishEntry)

    @property
    def views(self) -> Log[ViewsEntry]:
        """Creations of Athena's views, in any generation."""
        return Log(self.processed, layout.VIEWS_LOG, ViewsEntry)

    @property
    def erasures(self) -> Log[ErasureEntry]:
        """Erasures of personal values, of which each begins and ends with an entry."""
        return Log(self.ingestion, layout.ERASURES_LOG, ErasureEntry)

    def compactions(self, namespace: str) -> Log[CompactionEntry]:
        """Return the compactions of a namespace of published tables."""
        return Log(self.processed, layout.compaction_log(namespace), CompactionEntry)

    @property
    def generations(self) -> Log[GenerationEntry]:
        """Generations that were taken into use. The last one is in use; without any, the first."""
        return Log(self.processed, layout.GENERATIONS_LOG, GenerationEntry)

    def name(self, run: str) -> str:
        """Return the name that the first batch gives the lake: the run of the first poll, also if
        that poll ended before its commit. One or two requests."""
        try:
            self.ingestion.put_new(layout.NAME, run.encode())
        except AlreadyExists:
            return self.ingestion.get(layout.NAME).decode()
        return run

    def _built(self, step: str) -> RangeLog[BuildEntry]:
        folder = layout.processed_log(self.generation, step)
        return RangeLog(self.processed, folder, BuildEntry)

    def in_use(self) -> "Lake":
        """Return the same lake in the generation that is in use; one request."""
        return replace(self, generation=self.generations.head_seq() or self.generation)


def open_lake(ingestion: str, processed: str, generation: int = 1) -> Lake:
    """Return the lake at two addresses, each ``s3://bucket`` or ``file:///directory``.

    Raises InvalidLake.
    """
    return Lake(open_store(ingestion), open_store(processed), generation)


def open_store(address: str) -> Store:
    """Return the store at ``s3://bucket`` or ``file:///directory``. Raises InvalidLake."""
    parts = urlsplit(address)
    match parts.scheme:
        case "s3" if parts.netloc and parts.path in ("", "/"):
            from lake.s3 import open_bucket  # noqa: PLC0415 - a lake in a directory needs no boto3

            return open_bucket(parts.netloc)
        case "file" if parts.path:
            return DirectoryStore(Path(os.fsdecode(unquote_to_bytes(parts.path))))
    raise InvalidLake(
        f"'{address}' is not an address of a store. To fix: write s3://bucket or file:///directory."
    )
