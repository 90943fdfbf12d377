"""Rows out of the source by COPY, through a pipe into Arrow, onto the disk: never row by row."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
from pg8000.native import Connection
from pyarrow import csv

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.errors import RowTooLarge
from ingestion_lambda.source.conform import conform
from postgres import Sql, names, render

ROWS = "SELECT {columns} FROM {schema}.{table} WHERE {condition} ORDER BY {key}"
COPY = "COPY ({query}) TO STDOUT (FORMAT csv, HEADER true)"

BLOCKS = (1 << 19, 1 << 25, 1 << 30)
"""Bytes of CSV that Arrow reads at a time, and a row must fit into: the first is tried first, and
no row that PostgreSQL can send is beyond the last. Arrow reads many blocks ahead, so that a small
first one is what keeps a poll small: 8 MiB took 120 MB more, and no less time."""

CHUNK = 1 << 20


def rows_query(schema: str, table: SourceTable, condition: Sql) -> Sql:
    """The rows of a table that meet ``condition``, in key order."""
    return render(
        ROWS,
        columns=names(table.column_names),
        schema=schema,
        table=table.name,
        condition=condition,
        key=table.key,
    )


@contextmanager
def spooled(
    connection: Connection, query: Sql, table: SourceTable
) -> Iterator[pa.RecordBatchFileReader]:
    """The rows of ``query`` in the table's row schema, on the disk for the block.

    On the disk because the connection is then free for further questions of the same snapshot,
    and memory stays bounded. A row beyond the block makes the block grow and the COPY start
    again. Raises RowTooLarge.
    """
    with tempfile.TemporaryFile() as file:
        for block in BLOCKS:
            file.seek(0)
            file.truncate()
            if _spool(connection, query, table, file, block):
                break
        else:
            raise RowTooLarge(
                f"A row of {table.name} is larger than {BLOCKS[-1]} bytes; it cannot be ingested"
                " before it is made smaller at the source."
            )
        with pa.ipc.open_file(file) as reader:
            yield reader


def _spool(
    connection: Connection, query: Sql, table: SourceTable, file: BinaryIO, block: int
) -> bool:
    """Whether every row went to ``file``; False where one is larger than the block."""
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    try:
        with pa.ipc.new_file(file, row_schema(table), options=options) as spool:
            for texts in copied(connection, query, table.column_names, block):
                spool.write_batch(conform(texts, table))
    except pa.ArrowInvalid as wrong:
        if "straddling object" in str(wrong):
            return False
        raise
    return True


def copied(
    connection: Connection, query: Sql, columns: Sequence[str], block: int = BLOCKS[0]
) -> Iterator[pa.RecordBatch]:
    """The rows of ``query``, every column as text, NULL and '' apart.

    COPY writes NULL as nothing and '' as two quotes; with its header line no result is empty.
    """
    with _piped(connection, render(COPY, query=query)) as pipe:
        yield from csv.open_csv(
            pipe,
            read_options=csv.ReadOptions(block_size=block),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )


@contextmanager
def _piped(connection: Connection, copy: Sql) -> Iterator[BinaryIO]:
    """What ``copy`` sends, to be read while it is sent.

    Whatever happens to the reader, the pipe is read to its end: a COPY broken off would break the
    connection. A failure of the server shows as that, not as the short CSV that it leaves.
    """
    source, sink = os.pipe()
    with ThreadPoolExecutor(1) as pool, open(source, "rb") as pipe:  # noqa: PTH123 - a descriptor
        sending = pool.submit(_send, connection, copy, sink)
        try:
            yield pipe
        finally:
            while pipe.read(CHUNK):
                pass
            sending.result()


def _send(connection: Connection, copy: Sql, sink: int) -> None:
    with open(sink, "wb") as stream:
        connection.run(copy, stream=stream)
