"""One transaction as a block."""

from collections.abc import Iterator
from contextlib import contextmanager

from pg8000.native import Connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """A transaction that is committed at the end of the block, or rolled back by an exception."""
    connection.run("begin")
    try:
        yield
    except BaseException:
        connection.run("rollback")
        raise
    connection.run("commit")
