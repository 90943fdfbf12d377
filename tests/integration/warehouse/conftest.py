"""Connections to a separate warehouse for each test."""

from collections.abc import Iterator

import pytest
from pg8000.native import Connection

from postgres import connected, from_dsn


@pytest.fixture
def connection(warehouse_dsn: str) -> Iterator[Connection]:
    """A connection to an empty database, or to the warehouse of `migrated`."""
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        yield connection


@pytest.fixture
def migrated(connection: Connection) -> Connection:
    """A connection to a warehouse without rows, in the same session as `connection`."""
    return connection


@pytest.fixture
def unbound(migrated: Connection) -> Connection:
    """A connection to a warehouse without rows, in a session without foreign key checks."""
    migrated.run("set session_replication_role = replica")
    return migrated
