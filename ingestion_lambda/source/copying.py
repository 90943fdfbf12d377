"""Rows of the source by COPY, which a thread receives."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import Queue

from ingestion_lambda.source.encoding import CONVERTED, Encoding
from postgres import Connection, Sql, render

COPY = "COPY ({query}) TO STDOUT (FORMAT csv, ENCODING {encoding})"

BLOCK = 1 << 19
"""Bytes of rows in a block, unless a row has more."""

WAITING = 16 * BLOCK
"""Bytes of rows that wait for the reader, which bounds the memory of a poll. The last block that
waits may be a larger row."""

END = b""


@contextmanager
def copied(
    connection: Connection, query: Sql, encoding: Encoding = CONVERTED
) -> Iterator[Iterator[bytes]]:
    """Copy the rows of ``query`` as CSV for the block, and provide them in blocks of whole rows.

    COPY writes NULL as nothing and '' as two quotes, so the two stay distinct. An error of the
    server is raised after the last row, so that truncated rows never pass for all of them. Rows
    that the block leaves are received, too; if it fails, the connection hangs up instead, because
    they could arrive for minutes.
    """
    blocks = _Blocks()
    copy = render(COPY, query=query, encoding=encoding.copy)
    with ThreadPoolExecutor(1) as pool:
        arriving = iter(blocks.queue.get, END)
        receiving = pool.submit(_receive, connection, copy, blocks)
        try:
            with ExitStack() as failing:
                failing.callback(_hang_up, connection, receiving)
                yield _or_error(arriving, receiving)
                failing.pop_all()
        finally:
            for _ in arriving:
                pass
        receiving.result()


def _hang_up(connection: Connection, receiving: Future[None]) -> None:
    if not receiving.done():  # after an error of the server the connection is still of use
        connection.hang_up()


def _or_error(arriving: Iterator[bytes], receiving: Future[None]) -> Iterator[bytes]:
    yield from arriving
    receiving.result()


class _Waiting(Queue[bytes]):
    """A queue whose size is the number of bytes in it."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0

    def _qsize(self) -> int:
        return self._bytes

    def _put(self, item: bytes) -> None:
        super()._put(item)
        self._bytes += _space(item)

    def _get(self) -> bytes:
        item = super()._get()
        self._bytes -= _space(item)
        return item


def _space(block: bytes) -> int:
    return len(block) or 1  # the end is empty, and waits, too


class _Blocks:
    """The stream of a COPY: it gets whole rows, and puts them into a queue in blocks."""

    def __init__(self) -> None:
        self.queue = _Waiting(WAITING)
        self._rows, self._size = list[bytes](), 0

    def write(self, rows: bytes) -> None:
        """Append whole rows."""
        self._rows.append(rows)
        self._size += len(rows)
        if self._size >= BLOCK:
            self._put_block()

    def end(self) -> None:
        """Put the rest, and the end, for which the reader waits even if memory is exhausted."""
        try:
            self._put_block()
        finally:
            self.queue.put(END)

    def _put_block(self) -> None:
        if self._rows:
            self.queue.put(b"".join(self._rows))
        self._rows, self._size = [], 0


def _receive(connection: Connection, copy: Sql, blocks: _Blocks) -> None:
    try:
        connection.run(copy, stream=blocks)
    finally:
        blocks.end()
