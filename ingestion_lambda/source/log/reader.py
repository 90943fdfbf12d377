"""Read the log of one batch: the images of its transactions, and the position after them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from contracts import SourceTable
from ingestion_lambda.source.log.bytes import iota
from ingestion_lambda.source.log.messages import (
    DELETE,
    INSERT,
    TUPLE_AT,
    UPDATE,
    Begin,
    Commit,
    Message,
    Relation,
    Truncate,
    UnreadableLog,
    decode,
)
from ingestion_lambda.source.log.rows import MESSAGE, RowReader
from ingestion_lambda.source.log.spool import Block, read_blocks
from ingestion_lambda.source.log.transactions import Interval

ROW_OPS = pa.array([INSERT, UPDATE, DELETE], pa.uint8())


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
    each of the transactions committed, in microseconds since 1970 on the source's clock; its
    numbers are those of the images. ``pending`` is the position of the first transaction that
    belongs to a later batch, or None.
    """

    interval: Interval
    sinks: Mapping[int, Sink]
    types: Mapping[str, Mapping[str, str]]
    partitions: frozenset[int] = frozenset()
    committed_at: list[int] = field(default_factory=list)
    pending: int | None = None
    _readers: dict[int, RowReader] = field(default_factory=dict)
    _begin: Begin | None = None
    _change: int | None = None  # the number of the transaction that is read, None for others
    _number: int = 0  # messages before the block

    def read(self, file: BinaryIO) -> None:
        """Read a spooled log to its end. Raises UnreadableLog."""
        for block in read_blocks(file):
            self._read_block(block)
            self._number += len(block)
        if self._begin:
            raise UnreadableLog("the log ends within a transaction")

    def _read_block(self, block: Block) -> None:
        """Read the messages of rows in runs between the other messages, which are few."""
        op = block.bytes.take(block.starts)
        others = pc.indices_nonzero(pc.invert(pc.is_in(op, value_set=ROW_OPS))).to_pylist()
        runs, first = Runs(), 0
        for other in [*others, len(block)]:
            if other > first:
                if self._begin is None:
                    raise UnreadableLog("a change is in no transaction")
                runs.add(first, other, self._change)
            if other == len(block):
                break
            first = other + 1
            start, end = block.starts[other].as_py(), block.ends[other].as_py()
            message = decode(block.bytes.data, start, end)
            if isinstance(message, Relation):
                self._put(block, op, runs)  # what follows may have other columns
                runs = Runs()
            self._handle(block, other, message)
        self._put(block, op, runs)

    def _handle(self, block: Block, place: int, message: Message) -> None:
        match message:
            case Begin():
                self._start(message, block.committed_at(place))
            case Commit(position):
                if self._begin is None or self._begin.position != position:
                    raise UnreadableLog("a commit does not end its transaction")
                self._begin = self._change = None
            case Relation(oid):
                if oid in self.sinks:
                    table = self.sinks[oid].table
                    self._readers[oid] = RowReader(table, self.types[table.name], message)
            case Truncate(oids):
                self._truncate(oids, self._number + place)

    def _start(self, begin: Begin, committed_at: int) -> None:
        if self._begin:
            raise UnreadableLog("a transaction begins within another")
        self._begin = begin
        if self.interval.brings(begin.xid):
            self._change = len(self.committed_at)
            self.committed_at.append(committed_at)
        elif self.pending is None and self.interval.is_pending(begin.xid):
            self.pending = begin.position

    def _put(self, block: Block, op: pa.Array, runs: "Runs") -> None:
        """Put the images of the rows in the runs into the sinks of their tables."""
        places, changes = runs.arrays()
        if not len(places):
            return
        starts, ends = block.starts.take(places), block.ends.take(places)
        if pc.min(pc.subtract(ends, starts)).as_py() <= TUPLE_AT:
            raise UnreadableLog("the message of a row is too short")
        oids = block.bytes.numbers(pc.add(starts, 1), TUPLE_AT - 1)
        columns = [op.take(places), starts, ends, pc.add(places, self._number), changes]
        messages = pa.table(columns, names=list(MESSAGE))
        for oid in pc.unique(oids).to_pylist():
            if oid not in self.sinks:
                continue
            if oid not in self._readers:
                raise UnreadableLog("a change is of a table that the log does not describe")
            for images in self._readers[oid].images(
                block.bytes, messages.filter(pc.equal(oids, oid))
            ):
                if images.num_rows:
                    self.sinks[oid].add(images)

    def _truncate(self, oids: tuple[int, ...], number: int) -> None:
        if self._begin is None:
            raise UnreadableLog("a change is in no transaction")
        for oid in oids:
            if oid in self.sinks and self._change is not None:
                if oid in self.partitions:
                    raise UnreadableLog("a partition was truncated")
                self.sinks[oid].truncations.append((number * 2, self._change))


class Runs:
    """Runs of messages of rows, each within one transaction that the interval brings."""

    def __init__(self) -> None:
        self._firsts, self._ends, self._changes = list[int](), list[int](), list[int]()
        self._count = 0

    def add(self, first: int, beyond: int, change: int | None) -> None:
        """Append a run, unless it belongs to no transaction that the interval brings."""
        if change is None:
            return
        self._firsts.append(first - self._count)
        self._count += beyond - first
        self._ends.append(self._count)
        self._changes.append(change)

    def arrays(self) -> tuple[pa.Array, pa.Array]:
        """Return the place of each message in its block, and the number of its transaction."""
        shifts, changes = (self._decoded(values) for values in (self._firsts, self._changes))
        return pc.add(iota(self._count), shifts), changes

    def _decoded(self, values: Sequence[int]) -> pa.Array:
        ends = pa.array(self._ends, pa.int32())
        encoded = pa.RunEndEncodedArray.from_arrays(ends, pa.array(values, pa.int64()))
        return pc.run_end_decode(encoded)
