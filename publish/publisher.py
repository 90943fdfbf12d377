"""Publish the files that the logs name, in commits of at most about a thousand files."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pyiceberg.table import Table

from lake import Lake, SeqTaken, new_run, now
from lake.compactions import CompactionEntry
from lake.concurrent import map_concurrently
from lake.entries import Entry, PublishEntry
from lake.publishing import LOGS
from publish.catalog import PublishedTables, commit
from publish.commits import add_files
from publish.data_files import data_files
from publish.errors import PublishFailed
from publish.retrying import until_it_succeeds
from publish.seeding import Seed, Through
from publish.tables import PublishedTable, entries, files_of, property_of, published_tables

MOST_FILES = 1_000  # of a commit, beyond those of its last entry
MOST_ENTRIES = 1_000  # in memory at once

logger = logging.getLogger(__name__)


@dataclass
class Published:
    """The result of a publication: files and commits of this run, by table."""

    files: dict[str, int] = field(default_factory=dict)
    commits: int = 0
    is_complete: bool = True
    through: Mapping[str, int] = field(default_factory=dict)  # the last published entry, by log


@dataclass(frozen=True)
class _Chunk:
    """Consecutive entries of a log: their numbers and the files that each adds, by table."""

    through: int
    entries: Sequence[tuple[int, Mapping[str, tuple[str, ...]]]]

    def files(self, table: str, after: int) -> list[str]:
        """Return the files of a table in the entries beyond ``after``."""
        return [file for seq, files in self.entries if seq > after for file in files.get(table, ())]

    def changes(self, table: PublishedTable, log: str) -> bool:
        """Return whether an entry of the log adds files to the table."""
        return log in table.logs and any(files.get(table.name) for _, files in self.entries)


def publish(
    lake: Lake, catalog: PublishedTables, has_time: Callable[[], bool] = lambda: True
) -> Published:
    """Publish the entries whose batches are in the warehouse, until ``has_time`` returns False.

    Publishers may run concurrently, and may be killed at any point: a table has exactly the files
    of the entries up to the last one that its properties name. Raises PublishRefused, OutdatedFile
    or PublishFailed.
    """
    return _Publisher(lake, catalog, has_time).run()


class _Publisher:
    def __init__(self, lake: Lake, catalog: PublishedTables, has_time: Callable[[], bool]) -> None:
        self._lake, self._catalog, self._has_time = lake, catalog, has_time
        self._tables = published_tables(lake.generation)
        self._published = Published()
        self._folders: dict[str, str] = {}  # of the tables that exist, by identifier

    def run(self) -> Published:
        loaded = self._lake.loads.last_batch()
        located = self._catalog.locations()
        self._folders = {name: _folder(location) for name, location in located.items()}
        hint = self._lake.published.head()
        self._published.through = self._through = {**dict.fromkeys(LOGS, 0), **self._begins(hint)}
        try:
            for log in LOGS:
                self._publish_log(log, loaded)
        finally:  # a run that fails again and again reads no entry twice
            self._record(hint)
        return self._published

    def _begins(self, hint: PublishEntry | None) -> Mapping[str, int]:
        """Return, by log, an entry up to which every table has its files: the one that the hint
        names, if its tables still exist. A table that did not exist then had no files. Otherwise
        tables without files get those of the last compaction."""
        if hint and hint.tables and hint.tables.items() <= self._folders.items():
            return hint.through
        namespaces = {table.namespace for table in self._tables}
        heads = {name: self._lake.compactions(name).head() for name in namespaces}
        begins: dict[str, list[int]] = {log: [] for log in LOGS}
        for table in self._tables:
            through = self._seeded(table, heads[table.namespace])
            for log in table.logs:
                begins[log].append(through.get(log, 0))
        return {log: min(some, default=0) for log, some in begins.items()}

    def _seeded(self, published: PublishedTable, head: CompactionEntry | None) -> Through:
        seed = Seed(self._lake, published, head)
        if seed.is_empty() and published.identifier not in self._folders:
            return seed.through

        def add() -> Through:
            table = self._table(published)

            def commit_seed(files: Sequence[str], properties: Mapping[str, str]) -> None:
                _commit(table, published, files, properties)
                self._note(published, len(files))

            return seed.add(table, commit_seed)

        return until_it_succeeds(published, add)

    def _publish_log(self, log: str, loaded: int) -> None:
        for chunk in _chunks(self._lake, entries(self._lake, log, self._through[log], loaded)):
            if not self._has_time():
                self._published.is_complete = False
                return
            changed = [table for table in self._tables if chunk.changes(table, log)]
            for _ in map_concurrently(partial(self._append, log, chunk), changed):
                pass
            self._through[log] = chunk.through

    def _append(self, log: str, chunk: _Chunk, published: PublishedTable) -> None:
        """Add the files of the entries that the table does not have yet. They decide together with
        its property, in one commit; the property alone never moves."""

        def append() -> None:
            table = self._table(published)
            done = int(table.properties.get(property_of(log), 0))
            if files := chunk.files(published.name, done):
                _commit(table, published, files, {property_of(log): str(chunk.through)})
                self._note(published, len(files))
                self._catalog.tidy(table, published)

        until_it_succeeds(published, append)

    def _table(self, published: PublishedTable) -> Table:
        """Return the current version of the table. Raises PublishFailed if this is another table
        than at the beginning: it does not have the files of earlier entries."""
        table = self._catalog.table(published)
        folder = _folder(table.metadata_location)
        if self._folders.setdefault(published.identifier, folder) != folder:
            raise PublishFailed(
                f"{published.identifier} was dropped and created again while this run published."
                " Nothing is lost. To fix: publish again."
            )
        return table

    def _note(self, published: PublishedTable, count: int) -> None:
        files = self._published.files
        files[published.identifier] = files.get(published.identifier, 0) + count
        self._published.commits += 1
        logger.info("published", extra={"table": published.identifier, "files": count})

    def _record(self, before: PublishEntry | None) -> None:
        """Write a hint for the next publisher, if this one got further."""
        seq = before.seq + 1 if before else 1
        entry = PublishEntry(seq, new_run(), now(), dict(self._folders), dict(self._through))
        if before and (before.through, before.tables) == (entry.through, entry.tables):
            return
        try:
            self._lake.published.commit(entry)
        except SeqTaken:
            logger.info("another publisher was first", extra={"seq": entry.seq})


def _folder(metadata: str) -> str:
    """Return the folder of the table with this current metadata."""
    return metadata.rpartition("/metadata/")[0] + "/"


def _chunks(lake: Lake, entries: Iterable[Entry]) -> Iterator[_Chunk]:
    """Yield the entries in chunks that no table has many more files of than MOST_FILES."""
    chunk: list[tuple[int, Mapping[str, tuple[str, ...]]]] = []
    counts: dict[str, int] = {}
    for entry in entries:
        files = files_of(lake, entry)
        chunk.append((entry.seq, files))
        for name, added in files.items():
            counts[name] = counts.get(name, 0) + len(added)
        if len(chunk) == MOST_ENTRIES or max(counts.values(), default=0) >= MOST_FILES:
            yield _Chunk(entry.seq, chunk)
            chunk, counts = [], {}
    if chunk:
        yield _Chunk(chunk[-1][0], chunk)


def _commit(
    table: Table, published: PublishedTable, files: Sequence[str], properties: Mapping[str, str]
) -> None:
    """Add files and set properties in one commit. Raises Conflict."""
    described = list(data_files(table.io, table.metadata, published.columns, files))
    with commit():
        add_files(table, described, properties)
