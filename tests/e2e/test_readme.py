"""README.md on one machine: the commands for your own database, run as printed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from embedded.server import Server
from tests.pages import Page, Shell

MIGRATE, CYCLE, STATUS, RECONCILE, RETRY, LOAD, REBUILD, REPLAY, UP = Page("../README.md").commands(
    "## Your own database"
)


@pytest.fixture
def person(shell: Shell, server: Server) -> Iterator[Shell]:
    """Add two empty databases to the shell's variables."""
    names = ("empty", "another")
    for name in names:
        server.create_database(f"readme_{name}")
    dsns = {name: server.dsn(f"readme_{name}") for name in names}
    yield replace(shell, variables={**shell.variables, **dsns})
    for name in names:
        server.drop_database(f"readme_{name}")


def test_commands_for_your_own_database_do_what_the_page_says(person: Shell):
    assert person.types(MIGRATE).report["applied"]
    assert person.types(MIGRATE).report["applied"] == []
    first = person.types(CYCLE).report
    assert (first["seq"], first["loaded_through"]) == (1, 1)
    assert person.types(CYCLE).report["changes"] == {}
    assert person.types(STATUS).report["state"] == "healthy"
    compared = person.types(RECONCILE)
    assert (compared.status, compared.report["unexplained"]) == (0, 0)
    assert person.types(RETRY).status == 0
    assert person.types(LOAD).report["loaded_through"] == 1
    assert person.types(REBUILD).report["loaded_through"] == 1
    replayed = person.types(REPLAY).report
    assert (replayed["generation"], replayed["loaded_through"]) == (2, 1)


def test_the_last_command_keeps_running():
    """Check only its name: tests/e2e/test_up.py runs it and stops it."""
    assert UP[-1] == "up"
