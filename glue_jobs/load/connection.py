"""The transactions of the load."""

from collections.abc import Iterator
from contextlib import contextmanager

from postgres import SESSION, Address, Connection, connected, transaction

APPLICATION = "load_warehouse"


@contextmanager
def load_transaction(address: Address) -> Iterator[Connection]:
    """Open a connection, and run the block as one transaction of it. Raises what ``connected``
    does."""
    with connected(address, APPLICATION, SESSION) as connection, transaction(connection):
        yield connection
