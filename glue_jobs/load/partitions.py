"""The partitions through which the Data Catalog, and with it Athena, sees committed files."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import contracts
from glue_jobs.load.pending import read_batches
from lake import Lake, Store, layout
from lake.entries import Outputs, RetryEntry

MAX_BATCHES = 100  # of a request: a new catalog may miss very many

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Table:
    """A table of the catalog. The name of its ``database`` has no prefix."""

    database: str
    name: str


@dataclass(frozen=True)
class Partition:
    """A folder of data objects, with the values of the table's partition keys."""

    values: tuple[str, ...]
    location: str


class Catalog(Protocol):
    """A catalog of tables and their partitions."""

    def add(self, table: Table, partitions: Sequence[Partition]) -> None:
        """Create the partitions; one that exists is unchanged. Raises PartitionsRefused."""


@dataclass(frozen=True)
class Registry:
    """Registers the files that the logs name, and no others: uncommitted files stay invisible.

    Batches that the load log does not contain are always registered. With ``again_from``, so are
    all batches from that one on.
    """

    catalog: Catalog
    again_from: int | None = None

    def register(self, lake: Lake, through: int, retries: int) -> None:
        """Register the batches up to ``through`` and all retries up to ``retries``. Retries are
        few, and no log records which of them were registered. Raises PartitionsRefused."""
        head = lake.loads.last_batch()
        known = head if self.again_from is None else min(head, max(0, self.again_from - 1))
        for begin in range(known, through, MAX_BATCHES):
            end = min(begin + MAX_BATCHES, through)
            self._add(_files_of_batches(lake, begin, end))
            logger.info("batches registered", extra={"through": end})
        self._add(
            file
            for retry in lake.retries.after(0, retries)
            for file in _files_of_retry(lake, retry)
        )

    def _add(self, files: Iterable[tuple[Table, Store, str]]) -> None:
        # a dict keeps the order and has each partition once
        partitions: defaultdict[Table, dict[Partition, None]] = defaultdict(dict)
        for table, store, key in files:
            folder, values = layout.partition(key)
            partitions[table][Partition(values, store.uri(folder))] = None
        for table, of_table in partitions.items():
            self.catalog.add(table, list(of_table))
            fields = {"table": table.name, "partitions": len(of_table)}
            logger.info("partitions registered", extra=fields)


def _files_of_batches(lake: Lake, after: int, through: int) -> Iterator[tuple[Table, Store, str]]:
    """Yield the landed files of the batches beyond ``after``, and the processed files of the ranges
    that end among them: a range is visible when all of it is in the warehouse."""
    for batch in read_batches(lake, after + 1, through):
        for name, changes in batch.tables.items():
            yield Table("ingestion", name), lake.ingestion, changes.file.key
    for log in (lake.dimensions, lake.facts):
        for entry in log.spanning(after + 1, through):
            if entry.last <= through:
                yield from _processed_files(lake, entry.tables, entry.tombstones)


def _files_of_retry(lake: Lake, retry: RetryEntry) -> Iterator[tuple[Table, Store, str]]:
    return _processed_files(lake, retry.tables, retry.tombstones)


def _processed_files(
    lake: Lake, tables: Outputs, tombstones: Outputs
) -> Iterator[tuple[Table, Store, str]]:
    facts = {fact.name: fact for fact in contracts.warehouse().facts}
    deleted = {facts[name].tombstones: output for name, output in tombstones.items()}
    for name, output in {**tables, **deleted}.items():
        for key in output.files:
            yield Table(f"processed_g{lake.generation}", name), lake.processed, key
