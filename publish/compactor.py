"""Compact the files of the published tables: many small ones become few large ones.

A compaction writes its files, and commits one entry for all tables of a namespace: from then on the
entry names their files. Then each table exchanges its files in one commit. A crash before the entry
leaves files that nothing names; a crash after it leaves exchanges for the next compaction.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import takewhile

from lake import Lake, SeqTaken, layout, new_run, now
from lake.compactions import CompactionEntry, Exchange, Part
from lake.entries import Entry
from lake.erasures import unfinished
from lake.publishing import last_batch
from publish.catalog import PublishedTables
from publish.data_files import data_files
from publish.errors import ErasureUnfinished
from publish.exchanges import exchange
from publish.levels import groups
from publish.publisher import Published, publish
from publish.retrying import until_it_succeeds
from publish.rewriting import count_rows, rewrite
from publish.tables import (
    COMPACTED,
    PublishedTable,
    added_by,
    address_of_file,
    entries,
    first_batch,
    published_tables,
)

KEPT = timedelta(days=1)
"""A file that no entry needs is removed after that: queries that read it have ended by then."""

logger = logging.getLogger(__name__)


@dataclass
class Compacted:
    """The result of a compaction: files that were replaced and written, and rows in them."""

    replaced: int = 0
    written: int = 0
    rows: int = 0
    exchanges: int = 0


def compact(
    lake: Lake, catalog: PublishedTables, has_time: Callable[[], bool] = lambda: True
) -> Compacted:
    """Publish what is not published yet, until ``has_time`` returns False, and replace small files
    of the published tables.

    Compactions and publishers may run concurrently, and may be killed at any point: a table always
    has exactly the rows that the logs name. Raises what `publish` raises, MissingInput and
    WrongRowCount.
    """
    refuse_during_erasure(lake)
    published, result = publish(lake, catalog, has_time), Compacted()
    tables = published_tables(lake.generation)
    for namespace in dict.fromkeys(table.namespace for table in tables):
        own = [table for table in tables if table.namespace == namespace]
        _Namespace(lake, catalog, namespace, own, result).run(published)
    return result


def refuse_during_erasure(lake: Lake) -> None:
    """Raise ErasureUnfinished while an erasure rewrites objects: a compaction would copy values
    that it has not reached yet into a file that it does not know."""
    for entry in unfinished(lake.erasures.after(0)):
        raise ErasureUnfinished(
            f"The erasure of {entry.table} {entry.key}, begun at"
            f" {entry.committed_at:%Y-%m-%d %H:%M} UTC, has not ended. Nothing is changed. To fix:"
            " wait until it ends; if it was killed, run the same erase command again, then compact."
        )


class _Namespace:
    def __init__(
        self,
        lake: Lake,
        catalog: PublishedTables,
        name: str,
        tables: Sequence[PublishedTable],
        result: Compacted,
    ) -> None:
        self._lake, self._catalog, self._name, self._tables = lake, catalog, name, tables
        self._log, self._result = lake.compactions(name), result

    def run(self, published: Published) -> None:
        if head := self._log.head():
            self._exchange_all(head)
        erasures = self._lake.erasures.head_seq()
        refuse_during_erasure(self._lake)
        if entry := self._compacted(head, published.through):
            if self._lake.erasures.head_seq() != erasures:
                self._discard(entry)
                refuse_during_erasure(self._lake)
                return
            try:
                self._log.commit(entry)
            except SeqTaken:
                self._discard(entry)
                logger.info("another compaction was first", extra={"seq": entry.seq})
                return
            self._exchange_all(entry)
        if head := self._log.head():
            self._remove_unnamed(head)

    def _discard(self, entry: CompactionEntry) -> None:
        """Remove the files of a compaction that is not committed."""
        for one in entry.exchanges.values():
            self._lake.processed.remove(one.written)

    def _remove_unnamed(self, head: CompactionEntry) -> None:
        """Remove compacted files that are older than a day, and that neither the last entry names
        nor an entry has replaced within a day."""
        limit, entry = now() - KEPT, head
        needed = {file for parts in head.parts.values() for part in parts for file in part.files}
        while entry.committed_at > limit:
            needed |= {file for one in entry.exchanges.values() for file in one.replaced}
            if entry.seq == 1:
                break
            entry = self._log.entry(entry.seq - 1)
        store, log = self._lake.processed, layout.compaction_log(self._name)
        stored = store.under(f"{layout.COMPACTED}{self._name}/")
        store.remove(
            [
                each.key
                for each in stored
                if each.written_at < limit
                and each.key not in needed
                and not each.key.startswith(log)
            ]
        )

    def _compacted(
        self, head: CompactionEntry | None, published: Mapping[str, int]
    ) -> CompactionEntry | None:
        """Write the files of the next compaction and return its entry; None if no table has enough
        small files."""
        through = self._through(head, published)
        parts = self._parts(head, through)
        seq, run = head.seq + 1 if head else 1, new_run()
        last = dict(head.last) if head else {}
        exchanges: dict[str, Exchange] = {}
        for table in self._tables:
            if written := self._rewritten(table, parts.get(table.name, ()), seq, run):
                replaced = dict.fromkeys(part for group in written.values() for part in group)
                left = (part for part in parts[table.name] if part not in replaced)
                parts[table.name] = [*left, *written]
                before = last.get(table.name, 0)
                exchanges[table.name] = Exchange(_files(replaced), _files(written), before)
                last[table.name] = seq
        if not exchanges:
            return None
        kept = {name: tuple(some) for name, some in parts.items()}
        return CompactionEntry(
            seq=seq, run=run, committed_at=now(), through=through, parts=kept,
            exchanges=exchanges, last=last,
        )  # fmt: skip

    def _through(
        self, head: CompactionEntry | None, published: Mapping[str, int]
    ) -> dict[str, int]:
        """Return the last entry of each log of the namespace that the compaction takes."""
        before = head.through if head else {}
        logs = {log for table in self._tables for log in table.logs}
        return {log: max(published[log], before.get(log, 0)) for log in sorted(logs)}

    def _rewritten(
        self, table: PublishedTable, parts: Sequence[Part], seq: int, run: str
    ) -> dict[Part, list[Part]]:
        """Write a file for each group of small parts, and return the new parts with their group."""
        written: dict[Part, list[Part]] = {}
        for number, group in enumerate(groups(parts)):
            key = layout.compacted_key(self._name, table.name, seq, run, number)
            written[rewrite(self._lake, table, group, key)] = group
        return written

    def _parts(
        self, head: CompactionEntry | None, through: Mapping[str, int]
    ) -> dict[str, list[Part]]:
        """Return the parts of each table up to the entries in ``through``."""
        parts = {name: list(some) for name, some in head.parts.items()} if head else {}
        for log, last in through.items():
            after = head.through.get(log, 0) if head else 0
            for entry in _entries(self._lake, log, after, last):
                for name, added in added_by(entry).items():
                    if added.files:
                        rows = added.rows or count_rows(self._lake, self._name, added.files)
                        part = Part(log, added.files, rows, first_batch(entry), last_batch(entry))
                        parts.setdefault(name, []).append(part)
        return parts

    def _exchange_all(self, head: CompactionEntry) -> None:
        for table in self._tables:
            if head.last.get(table.name):
                until_it_succeeds(table, partial(self._exchange, table, head))

    def _exchange(self, published: PublishedTable, head: CompactionEntry) -> None:
        """Make the exchanges that the table does not have yet, oldest first, one in a commit."""
        table = self._catalog.table(published)
        done = int(table.properties.get(COMPACTED, 0))
        for seq, one in self._pending(published.name, head, done):
            files = [self._uri(key) for key in one.written]
            described = list(data_files(table.io, table.metadata, published.columns, files))
            replaced = [self._uri(key) for key in one.replaced]
            exchange(table, replaced, described, {COMPACTED: str(seq)})
            self._catalog.tidy(table, published)
            self._note(published, one, sum(file.record_count for file in described))
            table = self._catalog.table(published)

    def _pending(self, name: str, head: CompactionEntry, done: int) -> list[tuple[int, Exchange]]:
        seq, found = head.last.get(name, 0), list[tuple[int, Exchange]]()
        while seq > done:
            entry = head if seq == head.seq else self._log.entry(seq)
            found.append((seq, entry.exchanges[name]))
            seq = entry.exchanges[name].before
        return found[::-1]

    def _note(self, published: PublishedTable, one: Exchange, rows: int) -> None:
        self._result.replaced += len(one.replaced)
        self._result.written += len(one.written)
        self._result.rows += rows
        self._result.exchanges += 1
        fields = {"replaced": len(one.replaced), "written": len(one.written), "rows": rows}
        logger.info("compacted", extra={"table": published.identifier, **fields})

    def _uri(self, key: str) -> str:
        return address_of_file(self._lake, self._name, key)


def _files(parts: Sequence[Part] | Mapping[Part, object]) -> tuple[str, ...]:
    return tuple(file for part in parts for file in part.files)


def _entries(lake: Lake, log: str, after: int, last: int) -> Iterator[Entry]:
    """Yield the entries of a log after one, up to ``last``; all of them are in the warehouse."""
    read = entries(lake, log, after, lake.loads.last_batch())
    return takewhile(lambda entry: entry.seq <= last, read)
