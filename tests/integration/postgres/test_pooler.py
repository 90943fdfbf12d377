"""Connections through a pooler in transaction mode: every statement has the session's settings."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import pytest
from pg8000.native import DatabaseError

from embedded.server import Server
from postgres import (
    Address,
    Refused,
    Session,
    connect,
    connected,
    from_dsn,
    transaction,
)
from tests.pgbouncer import needs_pgbouncer, pgbouncer

pytestmark = needs_pgbouncer


@pytest.fixture(scope="module")
def owner(server: Server) -> Iterator[Address]:
    """A role whose settings differ from the session's."""
    address = from_dsn(server.dsn())
    with connected(address, "tests") as connection:
        connection.run("create role pooled superuser login password 'pooled'")
        for setting in (
            "timezone = 'Asia/Tokyo'", "default_transaction_read_only = on",
            "extra_float_digits = -15", "bytea_output = escape", "statement_timeout = '90s'",
            "default_transaction_isolation = serializable",
        ):  # fmt: skip
            connection.run(f"alter role pooled set {setting}")
        yield replace(address, user="pooled", password="pooled")
        connection.run("drop owned by pooled; drop role pooled")


@pytest.fixture(scope="module")
def pooled(owner: Address) -> Iterator[Address]:
    with pgbouncer(owner) as address:
        yield address


SETTINGS = {
    "TimeZone": "UTC", "DateStyle": "ISO, YMD", "extra_float_digits": "1", "bytea_output": "hex",
    "transaction_read_only": "off", "transaction_isolation": "read committed",
    "statement_timeout": "0", "lock_timeout": "1min", "search_path": "public",
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_statement_has_the_settings_of_the_session(pooled: Address, name: str):
    with connected(pooled, "test") as connection:
        assert connection.is_pooled
        assert connection.run("select current_setting(:n)", n=name) == [[SETTINGS[name]]]
        with transaction(connection):
            assert connection.run("select current_setting(:n)", n=name) == [[SETTINGS[name]]]


def test_transaction_keeps_the_modes_that_it_begins_with(pooled: Address):
    modes = (
        "select current_setting('transaction_isolation'), current_setting('transaction_read_only')"
    )
    with connected(pooled, "test") as connection:
        connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        assert connection.run(modes) == [["repeatable read", "on"]]
        connection.run("rollback")
        assert connection.run(modes) == [["read committed", "off"]]


def test_settings_do_not_leak_to_other_clients(pooled: Address):
    with connected(pooled, "test", Session(statement_timeout=7)) as connection:
        assert connection.run("show statement_timeout") == [["7s"]]
    with connected(pooled, "test", Session(statement_timeout=8)) as connection:
        assert connection.run("show statement_timeout") == [["8s"]]


def test_error_of_a_statement_ends_its_transaction(pooled: Address):
    with connected(pooled, "test") as connection:
        with pytest.raises(DatabaseError, match="division by zero"):
            connection.run("select 1/0")
        assert connection.run("select :n + 1", n=1) == [[2]]
        with pytest.raises(DatabaseError, match="division by zero"), transaction(connection):
            connection.run("select 1/0")
        assert connection.run("select 1") == [[1]]


def test_columns_are_those_of_the_statement(pooled: Address):
    with connected(pooled, "test") as connection:
        connection.run("select 1 as one, 2 as two")
        assert [column["name"] for column in connection.columns] == ["one", "two"]


def test_rows_are_written_and_copied(pooled: Address):
    with connected(pooled, "test") as connection:
        connection.run("create table pooled_rows (id int)")
        connection.run("insert into pooled_rows select generate_series(1, 3)")
        copy = BytesIO()
        connection.run("copy (select * from pooled_rows order by id) to stdout", stream=copy)
        assert copy.getvalue() == b"1\n2\n3\n"
        connection.run("drop table pooled_rows")


def test_concurrent_clients_share_server_connections(pooled: Address):
    def add(number: int) -> int:
        with connected(pooled, f"client {number}") as connection:
            total: int = sum(connection.run("select :n::int", n=n)[0][0] for n in range(20))
        return total

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(add, range(24))) == [sum(range(20))] * 24


def test_pooler_that_drops_every_parameter_is_noticed(owner: Address):
    ignored = ", ".join([*Session().settings, "totesys.session"])
    with (
        pgbouncer(owner, ignore_startup_parameters=ignored) as address,
        connected(address, "test") as connection,
    ):
        assert connection.is_pooled
        assert connection.run("show extra_float_digits") == [["1"]]


def test_wrong_password_is_refused_by_the_pooler(pooled: Address):
    with pytest.raises(Refused, match="check user, password"):
        connect(replace(pooled, password="wrong"), "test")


def test_direct_connection_is_not_pooled(owner: Address):
    with connected(owner, "test") as connection:
        assert not connection.is_pooled
