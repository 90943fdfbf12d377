"""The warehouse of each test of the load."""

import pytest

from postgres import Connection


@pytest.fixture
def connection(migrated: Connection) -> Connection:
    """Return the owner's session with a warehouse without rows."""
    return migrated
