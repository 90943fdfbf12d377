"""The partitions by which the Data Catalog, and with it Athena, sees what is committed."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import contracts
from glue_jobs.load.pending import Pending, pending
from lake import Lake, Store, layout
from lake.entries import Output, RetryEntry

AT_ONCE = 100  # batches whose entries are held together: a new catalog may lack very many

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Table:
    """A table of the catalog; the ``database`` is named without the catalog's prefix."""

    database: str
    name: str


@dataclass(frozen=True)
class Partition:
    """A folder of data objects, with the values of the table's partition keys."""

    values: tuple[str, ...]
    location: str


class Catalog(Protocol):
    """Where tables are known by their partitions."""

    def add(self, table: Table, partitions: Sequence[Partition]) -> None:
        """Make the partitions known; one that is known stays as it is. Raises
        PartitionsRefused."""


@dataclass(frozen=True)
class Registry:
    """Registers what the logs name, and nothing else: what a run left that never committed stays
    unseen. ``again_from`` is the batch from which all are registered once more; otherwise it is
    those that the load log lacks, which are never left out."""

    catalog: Catalog
    again_from: int | None = None

    def register(self, lake: Lake, through: int, retries: int) -> None:
        """Register the batches up to and with ``through``, and all retries up to ``retries``: few
        as they are, no log says which of them were registered. Raises PartitionsRefused."""
        head = lake.loads.head_seq()
        known = head if self.again_from is None else min(head, max(0, self.again_from - 1))
        for begin in range(known, through, AT_ONCE):
            end = min(begin + AT_ONCE, through)
            self._add(
                file for batch in pending(lake, begin, end) for file in _of_batch(lake, batch)
            )
            logger.info("batches registered", extra={"through": end})
        again = lake.retries.after(0, retries)
        self._add(file for retry in again for file in _of_retry(lake, retry))

    def _add(self, files: Iterable[tuple[Table, Store, str]]) -> None:
        found: defaultdict[Table, dict[Partition, None]] = defaultdict(dict)
        for table, store, key in files:
            folder, values = layout.partition(key)
            found[table][Partition(values, store.uri(folder))] = None
        for table, partitions in found.items():
            self.catalog.add(table, list(partitions))
            told = {"table": table.name, "partitions": len(partitions)}
            logger.info("partitions registered", extra=told)


def _of_batch(lake: Lake, item: Pending) -> Iterator[tuple[Table, Store, str]]:
    for name, changes in item.batch.tables.items():
        yield Table("ingestion", name), lake.ingestion, changes.file.key
    yield from _processed(lake, item.outputs, item.facts.tombstones)


def _of_retry(lake: Lake, retry: RetryEntry) -> Iterator[tuple[Table, Store, str]]:
    return _processed(lake, retry.tables, retry.tombstones)


def _processed(
    lake: Lake, tables: Mapping[str, Output], tombstones: Mapping[str, Output]
) -> Iterator[tuple[Table, Store, str]]:
    facts = {fact.name: fact for fact in contracts.warehouse().facts}
    gone = {facts[name].tombstones: output for name, output in tombstones.items()}
    for name, output in {**tables, **gone}.items():
        for key in output.files:
            yield Table(f"processed_g{lake.generation}", name), lake.processed, key
