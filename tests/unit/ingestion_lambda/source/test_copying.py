"""Rows by COPY: a thread that fails ends the reading, and few bytes wait for the reader."""

from queue import Full
from typing import Any, cast

import pytest

from ingestion_lambda.source.copying import WAITING, _Blocks, copied
from postgres import Connection, Sql

pytestmark = pytest.mark.lambda_runtime


class Source:
    """A connection whose rows cannot be joined to a block, as if there were no memory for it."""

    def run(self, _: str, stream: Any) -> None:
        stream.write("1\n")


def test_reader_does_not_wait_for_a_thread_that_cannot_put_a_block():
    source = cast(Connection, Source())
    with pytest.raises(TypeError), copied(source, Sql("select 1")) as blocks:
        assert list(blocks) == []


def test_a_second_row_does_not_wait_beside_one_that_fills_the_queue():
    blocks, row = _Blocks(), bytes(WAITING)
    blocks.write(row)
    with pytest.raises(Full):
        blocks.queue.put(row, block=False)
    assert blocks.queue.get() == row
    blocks.end()
    assert blocks.queue.get() == b""
