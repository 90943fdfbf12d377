"""One transaction as a block."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """A transaction that is committed at the end of the block, or rolled back by an exception."""
    connection.run("begin")
    with ExitStack() as undoing:
        undoing.callback(_roll_back, connection)
        yield
        undoing.pop_all()
    connection.run("commit")


def _roll_back(connection: Connection) -> None:
    # a connection that broke has rolled back by itself, and the block's own error matters more
    with suppress(DatabaseError, InterfaceError):
        connection.run("rollback")
