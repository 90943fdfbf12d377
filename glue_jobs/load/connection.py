"""The connections of the load."""

from collections.abc import Iterator
from contextlib import contextmanager

from postgres import SESSION, Address, Connection, connected, transaction

APPLICATION = "load_warehouse"


@contextmanager
def load_connection(address: Address) -> Iterator[Connection]:
    """Open a connection for the block. Raises what ``connected`` does."""
    with connected(address, APPLICATION, SESSION) as connection:
        yield connection


@contextmanager
def load_transaction(address: Address) -> Iterator[Connection]:
    """Open a connection, and run the block as one transaction of it."""
    with load_connection(address) as connection, transaction(connection):
        yield connection
