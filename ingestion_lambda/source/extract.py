"""Rows of the source in the schema of their contract, as they arrive or on disk."""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

import pyarrow as pa
from pg8000.exceptions import DatabaseError

from contracts import SourceTable
from contracts.arrow import row_schema
from ingestion_lambda.arrow_stream import arrow_stream
from ingestion_lambda.source.copying import copied
from ingestion_lambda.source.csv_rows import read_rows
from ingestion_lambda.source.encoding import (
    CONVERTED,
    Encoding,
    as_stored,
)
from ingestion_lambda.source.scope import ALL
from lake.concurrent import map_concurrently
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

READ_AHEAD = 2
"""Blocks that threads read while the rows of earlier ones are written."""

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


class SpooledRows:
    """Rows on disk, which can be read several times."""

    def __init__(self, reader: pa.RecordBatchFileReader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return map(self._reader.get_batch, range(self._reader.num_record_batches))


@contextmanager
def arriving_rows(
    connection: Connection, query: Sql, table: SourceTable
) -> Iterator[Iterable[pa.RecordBatch]]:
    """Provide the rows of ``query`` once, as they arrive, in the table's row schema. The connection
    is not free meanwhile. If its text is converted, the rows are on disk: a COPY may be repeated.
    """
    if not is_utf8(connection):
        with spool_rows(connection, query, table) as rows:
            yield rows
        return
    read = partial(read_rows, table=table, encoding=as_stored(connection))
    with copied(connection, query, as_stored(connection)) as blocks:
        yield map_concurrently(read, blocks, READ_AHEAD)


@contextmanager
def spool_rows(connection: Connection, query: Sql, table: SourceTable) -> Iterator[SpooledRows]:
    """Write the rows of ``query`` to disk in the table's row schema, and open them for the block.

    The connection is then free for further queries of the same snapshot, and memory stays bounded.
    """
    with tempfile.TemporaryFile() as file:
        _spool(connection, query, table, file)
        with pa.ipc.open_file(file) as reader:
            yield SpooledRows(reader)


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
    file.seek(0)
    file.truncate()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        arrow_stream(file) as stream,
        pa.ipc.new_file(stream, row_schema(table), options=options) as spool,
        copied(connection, query, encoding) as blocks,
    ):
        for block in blocks:
            spool.write_batch(read_rows(block, table, encoding))
