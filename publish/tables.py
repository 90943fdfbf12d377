"""The tables that are published, and the files of each that the entries of the logs name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, takewhile

import contracts
from contracts import Calendar, Dimension, Fact, Source, SourceTable
from contracts.observation import batch_columns, stored_columns, tombstone_columns
from contracts.tables import Column, WarehouseTable
from lake import Lake, Store, layout
from lake.concurrent import map_concurrently
from lake.entries import Batch, BuildEntry, Entry, Output, Outputs, RangeEntry, RetryEntry
from lake.layout import BATCHES, DIMENSIONS, FACTS, INGESTED, RETRIES
from lake.publishing import last_batch, log_of

THROUGH = "through"
COMPACTED = "compacted"
"""The table property with the last compaction whose exchanges the table has."""


@dataclass(frozen=True)
class PublishedTable:
    """A table of the catalog: its namespace and name, its key and its columns, those of them that
    may describe a person, and the logs whose entries name its files."""

    namespace: str
    name: str
    key: str
    columns: tuple[Column, ...]
    personal: frozenset[str]
    logs: tuple[str, ...]

    @property
    def identifier(self) -> str:
        return f"{self.namespace}.{self.name}"


def property_of(log: str) -> str:
    """Return the table property with the last entry of the log whose files the table has."""
    return RETRIES if log == RETRIES else THROUGH


def published_tables(generation: int) -> list[PublishedTable]:
    """Return all tables, dimensions before facts."""
    warehouse, namespace = contracts.warehouse(), layout.processed_namespace(generation)
    ordered: Iterable[WarehouseTable] = chain(
        warehouse.calendars, warehouse.dimensions, warehouse.facts
    )
    ingested = map(_ingested, contracts.source().tables.values())
    built = (_built(namespace, table) for table in ordered)
    deleted = (_deleted(namespace, fact) for fact in warehouse.facts)
    return [*ingested, *built, *deleted]


def _ingested(table: SourceTable) -> PublishedTable:
    personal = frozenset(column.name for column in table.columns if column.personal)
    columns = batch_columns(table)
    return PublishedTable(INGESTED, table.name, table.key, columns, personal, (BATCHES,))


def _built(namespace: str, table: WarehouseTable) -> PublishedTable:
    columns, personal = stored_columns(table), _personal(table, contracts.source())
    return PublishedTable(namespace, table.name, table.key, columns, personal, _logs(table))


def _deleted(namespace: str, fact: Fact) -> PublishedTable:
    columns, personal = tombstone_columns(fact), _personal(fact, contracts.source())
    logs = FACTS, RETRIES
    return PublishedTable(namespace, fact.tombstones, fact.key, columns, personal, logs)


def _logs(table: WarehouseTable) -> tuple[str, ...]:
    match table:
        case Fact():
            return FACTS, RETRIES
        case Calendar():
            return DIMENSIONS, RETRIES
    return (DIMENSIONS,)


def _personal(table: WarehouseTable, source: Source) -> frozenset[str]:
    """Return the columns that take their values from personal columns of the source."""
    if not isinstance(table, Fact | Dimension):
        return frozenset()
    return frozenset(
        column.name
        for column in table.columns
        if column.origin
        and source.tables[column.lookup or table.of].column(column.origin_column).personal
    )


def files_of(lake: Lake, entry: Entry) -> Mapping[str, tuple[str, ...]]:
    """Return the addresses of the files that the entry adds, by the name of their table."""
    uri = (lake.ingestion if isinstance(entry, Batch) else lake.processed).uri
    return {name: tuple(map(uri, added.files)) for name, added in added_by(entry).items()}


def store_of(lake: Lake, namespace: str, key: str) -> Store:
    """Return the store of a file: compacted files are in *processed*, whatever their table."""
    is_landed = namespace == INGESTED and not key.startswith(layout.COMPACTED)
    return lake.ingestion if is_landed else lake.processed


def address_of_file(lake: Lake, namespace: str, key: str) -> str:
    """Return the address of a file of a table."""
    return store_of(lake, namespace, key).uri(key)


def added_by(entry: Entry) -> Mapping[str, Output]:
    """Return the files that the entry adds, by the name of their table. A retry lists the
    tombstones of earlier entries, too: its own files have its run in their keys, and the number of
    their rows is not recorded."""
    match entry:
        case Batch():
            files = {name: changes.file for name, changes in entry.tables.items()}
            return {name: Output((file.key,), file.rows) for name, file in files.items()}
        case BuildEntry():
            return {**entry.tables, **_by_table(entry.tombstones)}
        case RetryEntry():
            own = {
                name: Output(tuple(key for key in listed.files if f"-{entry.run}/" in key), 0)
                for name, listed in _by_table(entry.tombstones).items()
            }
            return {**entry.tables, **own}
    return {}


def _by_table(tombstones: Outputs) -> dict[str, Output]:
    facts = {fact.name: fact.tombstones for fact in contracts.warehouse().facts}
    return {facts[name]: output for name, output in tombstones.items() if name in facts}


def entries(lake: Lake, log: str, after: int, loaded: int) -> Iterator[Entry]:
    """Yield the entries of a log beyond ``after``, oldest first, up to the first one whose last
    batch is beyond ``loaded``."""
    found = log_of(lake, log)
    read = map_concurrently(found.entry, range(after + 1, found.head_seq() + 1))
    return takewhile(lambda entry: last_batch(entry) <= loaded, read)


def first_batch(entry: Entry) -> int:
    """Return the first batch that the entry may have rows of. A retry has rows of any batch."""
    match entry:
        case RangeEntry(first=first):
            return first
        case RetryEntry():
            return 1
    return entry.seq
