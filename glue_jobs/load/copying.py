"""Copy the rows of Parquet files into a table, over a connection of this process.

That takes a tenth of the processor time of Spark and a second driver (docs/adr/0035).
"""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pg8000.exceptions import DatabaseError

from contracts import Column
from contracts.observation import BATCH_SEQ
from contracts.spark import WHERE_ABSENT
from glue_jobs.errors import MissingFile, StagingFailed
from lake import NotFound, Store, layout
from lake.concurrent import map_concurrently
from postgres import Connection, Sql, names, render, sqlstate, sqlstate_message

COPY = "copy {table} ({columns}) from stdin"
NULL = "\\N"
ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}  # the backslash first
"""The characters with a meaning in COPY's text format. Source: PostgreSQL, "COPY", text format."""

FILES_AHEAD, BLOCKS_AHEAD = 4, 2
"""Files that are read, and blocks that are converted, while PostgreSQL receives others: they are
in memory together."""

BLOCK_ROWS, BLOCK_BYTES = 16_384, 1 << 22
"""The most rows of a block, and about the most bytes of its values."""


@dataclass(frozen=True)
class _Block:
    """Rows of the file at ``key``."""

    key: str
    rows: pa.RecordBatch


def copy_files(
    connection: Connection,
    store: Store,
    files: Iterable[str],
    columns: tuple[Column, ...],
    table: Sql,
    span: tuple[int, int] | None = None,
) -> int:
    """Append the rows of the files to the table, and return how many the server received; with
    ``span``, only those of the batches from its first to its last. A column that a file does not
    have is NULL or the value of WHERE_ABSENT, and ``batch_seq`` is that of the file's key. Raises
    MissingFile or StagingFailed."""
    statement = render(COPY, table=table, columns=names([column.name for column in columns]))
    read = map_concurrently(lambda key: (key, _get(store, key)), files, FILES_AHEAD)
    blocks = (block for key, body in read for block in _blocks(store.uri(key), body, span))
    rows = 0
    for lines in map_concurrently(lambda block: _lines(block, columns), blocks, BLOCKS_AHEAD):
        try:
            connection.run(statement, stream=[lines])
            rows += connection.row_count
        except DatabaseError as refusal:
            # without the context of the error, which contains a row
            raise StagingFailed(
                f"Rows cannot be staged in {table}: {sqlstate_message(refusal)} (SQLSTATE"
                f" {sqlstate(refusal)}). Nothing was loaded. To fix: correct the reason; the next"
                " load tries again."
            ) from None
    return rows


def _get(store: Store, key: str) -> bytes:
    try:
        return store.get(key)
    except NotFound:
        raise MissingFile(
            f"{store.uri(key)} is named in the log and does not exist. To fix: restore the object,"
            " from an earlier version if the store keeps them."
        ) from None


def _blocks(uri: str, body: bytes, span: tuple[int, int] | None) -> Iterator[_Block]:
    """Yield the rows of a file, as many at a time as are small together."""
    try:
        file = pq.ParquetFile(io.BytesIO(body))
        for rows in file.iter_batches(_block_rows(file.metadata)):
            chosen = _of_batches(rows, uri, span) if span else rows
            if chosen.num_rows:
                yield _Block(uri, chosen)
    except (pa.ArrowException, OSError) as damage:
        raise StagingFailed(
            f"{uri} cannot be read as Parquet: {damage}. Nothing was loaded. To fix: restore an"
            " earlier version of the object; the next load tries again."
        ) from damage


def _block_rows(metadata: pq.FileMetaData) -> int:
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    bytes_per_row = max((g.total_byte_size // max(1, g.num_rows) for g in groups), default=0)
    return max(1, min(BLOCK_ROWS, BLOCK_BYTES // max(1, bytes_per_row)))


def _of_batches(rows: pa.RecordBatch, key: str, span: tuple[int, int]) -> pa.RecordBatch:
    """Return the rows of the batches from the first to the last of ``span``."""
    first, last = span
    if BATCH_SEQ.name not in rows.schema.names:
        return rows if first <= int(_seq(key)) <= last else rows.slice(0, 0)
    seq = rows.column(BATCH_SEQ.name)
    return rows.filter(pc.and_(pc.greater_equal(seq, first), pc.less_equal(seq, last)))


def _lines(block: _Block, columns: tuple[Column, ...]) -> memoryview:
    """Return the rows as lines of COPY's text format."""
    cells = [_cells(block, column.name) for column in columns]
    lines = pc.binary_join_element_wise(*cells, "\t")
    ended = pc.binary_join_element_wise(lines, "", "\n")
    _, _, text = ended.buffers()  # the values of all rows, one after the other
    return memoryview(text)[: pc.sum(pc.binary_length(ended)).as_py()]


def _cells(block: _Block, name: str) -> pa.Array:
    """Return the values of a column as COPY reads them."""
    rows = block.rows
    if name not in rows.schema.names:
        absent = _seq(block.key) if name == BATCH_SEQ.name else WHERE_ABSENT.get(name, NULL)
        return pa.repeat(absent, rows.num_rows)
    return pc.fill_null(_text(rows.column(name)), NULL)


def _text(values: pa.Array) -> pa.Array:
    if pa.types.is_string(values.type):
        return _escaped(values)
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us"))  # without the zone UTC that Spark writes
    return values.cast(pa.string())


def _escaped(text: pa.Array) -> pa.Array:
    for character, escape in ESCAPES.items():
        text = pc.replace_substring(text, character, escape)
    return text


def _seq(key: str) -> str:
    """Return the batch of a key; every file of the *processed* store has one in its key."""
    [seq] = re.findall(layout.SEQ_IN_KEY, key)
    return str(int(seq))
