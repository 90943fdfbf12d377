"""Rows of the source by COPY, through a pipe into Arrow and onto disk."""

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
from pg8000.exceptions import DatabaseError
from pyarrow import csv

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.errors import RowTooLarge
from ingestion_lambda.source.conform import conform
from ingestion_lambda.source.encoding import (
    CONVERTED,
    Encoding,
    as_stored,
)
from ingestion_lambda.source.scope import ALL
from postgres import Connection, Sql, render, sqlstate, sqlstate_message
from postgres.encoding import UNTRANSLATABLE, is_utf8

ROWS = "SELECT {columns} FROM {schema}.{table} WHERE {condition} ORDER BY {key}"
CHANGED_ROWS = """
SELECT * FROM (
    SELECT {columns} FROM {schema}.{table} WHERE {condition} OFFSET 0
) AS changed ORDER BY {key}
"""
"""The planner cannot know that few rows changed, and would read the whole table in the order of its
key: twice the processor time of a sequential scan. OFFSET 0 lets it find the rows first."""
COPY = "COPY ({query}) TO STDOUT (FORMAT csv, HEADER true, ENCODING {encoding})"

BLOCKS = (1 << 19, 1 << 25, 1 << 30)
"""Bytes of CSV that Arrow reads at a time, smallest first. A row must fit into one block; the last
is larger than any row that PostgreSQL can send. Arrow reads many blocks ahead, so the first block
size limits the memory of a poll: 8 MiB took 120 MB more, and no less time."""

CHUNK = 1 << 20

logger = logging.getLogger(__name__)


def rows_query(schema: str, table: SourceTable, selected: Sql, condition: Sql) -> Sql:
    """Return the query of the rows of a table that meet ``condition``, in key order."""
    return render(
        ROWS if condition == ALL else CHANGED_ROWS,
        columns=selected,
        schema=schema,
        table=table.name,
        condition=condition,
        key=table.key,
    )


@contextmanager
def spool_rows(
    connection: Connection, query: Sql, table: SourceTable
) -> Iterator[pa.RecordBatchFileReader]:
    """Write the rows of ``query`` to disk in the table's row schema, and open them for the block.

    The connection is then free for further queries of the same snapshot, and memory stays bounded.
    If a row exceeds the block size, the COPY is repeated with a larger one. Raises RowTooLarge.
    """
    with tempfile.TemporaryFile() as file:
        _spool(connection, query, table, file)
        with pa.ipc.open_file(file) as reader:
            yield reader


def _spool(connection: Connection, query: Sql, table: SourceTable, file: BinaryIO) -> None:
    """Write every row to ``file``. Text that the server cannot convert to UTF-8 is read as it is
    stored, so that only its own cell is unfit."""
    stored = as_stored(connection)
    if is_utf8(connection):
        _spool_encoded(connection, query, table, file, stored)
        return
    connection.run("SAVEPOINT converted")
    try:
        _spool_encoded(connection, query, table, file, CONVERTED)
    except DatabaseError as error:
        if sqlstate(error) not in UNTRANSLATABLE:
            raise
        connection.run("ROLLBACK TO SAVEPOINT converted")
        reason = sqlstate_message(error)
        logger.warning("text is not converted", extra={"table": table.name, "reason": reason})
        _spool_encoded(connection, query, table, file, stored)
    connection.run("RELEASE SAVEPOINT converted")


def _spool_encoded(
    connection: Connection, query: Sql, table: SourceTable, file: BinaryIO, encoding: Encoding
) -> None:
    for block in BLOCKS:
        file.seek(0)
        file.truncate()
        if _fits(connection, query, table, file, encoding, block):
            return
    raise RowTooLarge(
        f"A row of {table.name} is larger than {BLOCKS[-1]} bytes and cannot be ingested."
        " To fix: make the row smaller at the source."
    )


def _fits(
    connection: Connection,
    query: Sql,
    table: SourceTable,
    file: BinaryIO,
    encoding: Encoding,
    block: int,
) -> bool:
    """Write every row to ``file``. Return False if a row is larger than the block."""
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    try:
        with pa.ipc.new_file(file, row_schema(table), options=options) as spool:
            for cells in copy_cells(connection, query, table.column_names, encoding, block):
                spool.write_batch(conform(cells, table, encoding))
    except pa.ArrowInvalid as error:
        if "straddling object" in str(error):
            return False
        raise
    return True


def copy_cells(
    connection: Connection,
    query: Sql,
    columns: Sequence[str],
    encoding: Encoding = CONVERTED,
    block: int = BLOCKS[0],
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of ``query`` with every cell as bytes.

    COPY writes NULL as nothing and '' as two quotes, so the two stay distinct. The header line
    keeps an empty result valid CSV.
    """
    with _piped(connection, render(COPY, query=query, encoding=encoding.copy)) as pipe:
        yield from csv.open_csv(
            pipe,
            read_options=csv.ReadOptions(block_size=block, column_names=columns, skip_rows=1),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.binary()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )


@contextmanager
def _piped(connection: Connection, copy: Sql) -> Iterator[BinaryIO]:
    """Open a pipe that receives what ``copy`` sends.

    Whatever the reader does, the pipe is drained at the end: an interrupted COPY would break the
    connection. An error of the server is raised, so that a truncated CSV never passes for a whole
    one.
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
