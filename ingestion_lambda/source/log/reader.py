"""Read the log of one batch: the images of its transactions, and the position after them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

import pyarrow as pa

from contracts import SourceTable
from ingestion_lambda.source.log.messages import (
    Begin,
    Commit,
    Relation,
    RowChange,
    Truncate,
    UnreadableLog,
    decode,
)
from ingestion_lambda.source.log.rows import Mark, RowGroup
from ingestion_lambda.source.log.spool import Record, read_blocks
from ingestion_lambda.source.log.transactions import Interval


class Sink(Protocol):
    """The images of one table; ``truncations`` are the place and the transaction of each
    TRUNCATE."""

    table: SourceTable
    truncations: list[tuple[int, int]]

    def add(self, images: pa.RecordBatch) -> None:
        """Append images."""


@dataclass
class LogReader:
    """Reads the transactions that ``interval`` brings, into the sink of each table or partition by
    its oid.

    ``types`` are the types of the columns at the source, by table. ``committed_at`` lists when
    each transaction with images committed, in microseconds since 1970 on the source's clock; its
    numbers are those of the images. ``pending`` is the position of the first transaction that
    belongs to a later batch, or None.
    """

    interval: Interval
    sinks: Mapping[int, Sink]
    types: Mapping[str, Mapping[str, str]]
    partitions: frozenset[int] = frozenset()
    committed_at: list[int] = field(default_factory=list)
    pending: int | None = None
    _relations: dict[int, Relation] = field(default_factory=dict)
    _groups: dict[int, RowGroup] = field(default_factory=dict)
    _begin: Begin | None = None
    _time: int | None = None  # of a transaction that the interval brings and that has no image yet
    _change: int | None = None  # its number, once it has one
    _number: int = 0

    def read(self, file: BinaryIO) -> None:
        """Read a spooled log to its end. Raises UnreadableLog."""
        for block in read_blocks(file):
            for record in block.records:
                self._read(block.data, record)
            for group in self._groups.values():
                self._put(group, block.data)
            self._groups.clear()
        if self._begin:
            raise UnreadableLog("the log ends within a transaction")

    def _read(self, data: bytes, record: Record) -> None:
        self._number += 1
        message = decode(data, record.start, record.end)
        match message:
            case RowChange(op, oid):
                if self._takes(oid):
                    mark = Mark(op, record.start, record.end, self._number, self._numbered())
                    self._group(oid).marks.append(mark)
            case Begin():
                self._start(message, record.committed_at)
            case Commit(position):
                if self._begin is None or self._begin.position != position:
                    raise UnreadableLog("a commit does not end its transaction")
                self._begin = self._time = self._change = None
            case Relation(oid):
                if group := self._groups.pop(oid, None):
                    self._put(group, data)
                self._relations[oid] = message
            case Truncate(oids):
                self._truncate(oids)

    def _start(self, begin: Begin, committed_at: int | None) -> None:
        if self._begin or committed_at is None:
            raise UnreadableLog("a transaction begins within another")
        self._begin = begin
        if self.interval.brings(begin.xid):
            self._time = committed_at
        elif self.pending is None and self.interval.is_pending(begin.xid):
            self.pending = begin.position

    def _takes(self, oid: int) -> bool:
        """Return whether a change of the table, in the transaction that is read, has an image."""
        if self._begin is None:
            raise UnreadableLog("a change is in no transaction")
        return self._time is not None and oid in self.sinks

    def _numbered(self) -> int:
        """Return the number of the transaction that is read."""
        if self._change is None:
            self._change = len(self.committed_at)
            self.committed_at.append(self._time or 0)
        return self._change

    def _group(self, oid: int) -> RowGroup:
        if oid not in self._groups:
            if oid not in self._relations:
                raise UnreadableLog("a change is of a table that the log does not describe")
            table = self.sinks[oid].table
            self._groups[oid] = RowGroup(table, self.types[table.name], self._relations[oid])
        return self._groups[oid]

    def _put(self, group: RowGroup, data: bytes) -> None:
        for images in group.images(data):
            if images.num_rows:
                self.sinks[group.relation.oid].add(images)

    def _truncate(self, oids: tuple[int, ...]) -> None:
        for oid in oids:
            if self._takes(oid):
                if oid in self.partitions:
                    raise UnreadableLog("a partition was truncated")
                place = self._number * 2
                self.sinks[oid].truncations.append((place, self._numbered()))
