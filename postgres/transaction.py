"""A transaction as a block."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Run the block in a transaction: commit it at the end, roll it back on an exception."""
    connection.run("begin")
    with ExitStack() as undoing:
        undoing.callback(roll_back, connection)
        yield
        undoing.pop_all()
    connection.run("commit")


def roll_back(connection: Connection) -> None:
    """Roll the transaction back. The server does so by itself if the connection broke, and the
    error that broke it matters more."""
    with suppress(DatabaseError, InterfaceError):
        connection.run("rollback")
