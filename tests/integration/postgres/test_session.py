"""A session has the same settings whatever its role, its database or the server sets."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pg8000.native import DatabaseError

from embedded.server import Server
from postgres import (
    Address,
    LockTimeout,
    Session,
    Unreachable,
    connected,
    from_dsn,
    transaction,
    value,
)
from tests.sessions import terminate

pytestmark = pytest.mark.lambda_runtime

HOSTILE = {
    "DateStyle": ("German, DMY", "ISO, YMD"),
    "IntervalStyle": ("iso_8601", "postgres"),
    "TimeZone": ("Asia/Tokyo", "UTC"),
    "array_nulls": ("off", "on"),
    "bytea_output": ("escape", "hex"),
    "client_encoding": ("LATIN1", "UTF8"),
    "default_transaction_deferrable": ("on", "off"),
    "default_transaction_isolation": ("serializable", "read committed"),
    "default_transaction_read_only": ("on", "off"),
    "extra_float_digits": ("-15", "1"),
    "idle_in_transaction_session_timeout": ("1s", "0"),
    "idle_session_timeout": ("1s", "0"),
    "lock_timeout": ("1ms", "1min"),
    "quote_all_identifiers": ("on", "off"),
    "row_security": ("on", "off"),
    "search_path": ("information_schema, pg_catalog", '"public"'),
    "standard_conforming_strings": ("off", "on"),
    "statement_timeout": ("1ms", "0"),
    "synchronous_commit": ("off", "on"),
    "transaction_timeout": ("1s", "0"),
    "transform_null_equals": ("on", "off"),
}
"""Setting -> what a role sets, and what our session has."""

VALUES = {
    "date '2024-02-01'::text": "2024-02-01",
    "timestamptz '2024-02-01 12:00+00'::text": "2024-02-01 12:00:00+00",
    "timestamptz '2024-02-01 12:00+00'::timestamp::text": "2024-02-01 12:00:00",
    "interval '1 day 2 hours'::text": "1 day 02:00:00",
    "(0.1::float8 + 0.2::float8)::text": "0.30000000000000004",
    r"'\x00ff'::bytea::text": r"\x00ff",
    "quote_ident('plain')": "plain",
    "'{null}'::text[] is distinct from '{\"null\"}'::text[]": True,
    "(null = null) is null": True,
    "'Łódź'": "Łódź",
}


@pytest.fixture(scope="module")
def role(server: Server) -> Iterator[Address]:
    """A role that sets every setting against us."""
    owner = from_dsn(server.dsn())
    with connected(owner, "tests") as connection:
        connection.run("create role hostile login password 'hostile'")
        for name, (text, _) in HOSTILE.items():
            if connection.run("select 1 from pg_settings where lower(name) = lower(:n)", n=name):
                setting = text if name in ("search_path", "DateStyle") else value(text)
                connection.run(f"alter role hostile set {name} = {setting}")
        yield replace(owner, user="hostile", password="hostile")
        connection.run("drop owned by hostile; drop role hostile")


@pytest.mark.parametrize("name", HOSTILE)
def test_setting_of_the_role_does_not_reach_the_session(role: Address, name: str):
    _, expected = HOSTILE[name]
    with connected(role, "test") as connection:
        query = "select setting, reset_val from pg_settings where lower(name) = lower(:name)"
        if not connection.run(query, name=name):
            pytest.skip(f"PostgreSQL {connection.version} has no setting {name}")
        assert connection.run("select current_setting(:name)", name=name) == [[expected]]


@pytest.mark.parametrize("expression", VALUES)
def test_values_are_the_same_under_a_hostile_role(role: Address, expression: str):
    with connected(role, "test") as connection:
        assert connection.run(f"select {expression}") == [[VALUES[expression]]]


def test_setting_of_the_database_does_not_reach_the_session(server: Server):
    server.create_database("hostile")
    address = from_dsn(server.dsn("hostile"))
    with connected(address, "tests") as connection:
        connection.run("alter database hostile set timezone = 'Asia/Tokyo'")
        connection.run("alter database hostile set default_transaction_read_only = on")
        connection.run("alter database hostile set quote_all_identifiers = on")
    try:
        with connected(address, "test") as connection:
            assert connection.run("select current_setting('timezone')") == [["UTC"]]
            connection.run("create table written (id int)")
    finally:
        server.drop_database("hostile")


def test_session_may_idle_longer_than_the_role_permits(role: Address):
    with connected(role, "test") as connection:
        time.sleep(1.2)
        assert connection.run("select 1") == [[1]]
        with transaction(connection):
            time.sleep(1.2)
            assert connection.run("select 1") == [[1]]


def test_options_of_the_environment_do_not_reach_the_session(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PGOPTIONS", "-c timezone=Asia/Tokyo")
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "German")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with connected(from_dsn(server.dsn()), "test") as connection:
        [row] = connection.run(
            "select current_setting('timezone'), current_setting('datestyle'),"
            " current_setting('client_encoding')"
        )
    assert row == ["UTC", "ISO, YMD", "UTF8"]


def test_session_has_what_is_asked_for(server: Server):
    session = Session(
        zone="Europe/London",
        search_path=("a b", "order"),
        is_read_only=True,
        row_security=True,
        lock_timeout=0.5,
        statement_timeout=30,
        transaction_timeout=60,
    )
    names = (
        "timezone", "search_path", "default_transaction_read_only", "row_security",
        "lock_timeout", "statement_timeout",
    )  # fmt: skip
    with connected(from_dsn(server.dsn()), "test", session) as connection:
        assert [connection.run("select current_setting(:n)", n=n)[0][0] for n in names] == [
            "Europe/London", '"a b", "order"', "on", "on", "500ms", "30s",
        ]  # fmt: skip
        if connection.version >= 17:
            assert connection.run("show transaction_timeout") == [["1min"]]
        with pytest.raises(DatabaseError, match="read-only"):
            connection.run("create table refused (id int)")


def test_wait_for_a_lock_ends_with_an_error_of_its_own(server: Server):
    address = from_dsn(server.dsn())
    with connected(address, "holder") as holder:
        holder.run("create table waited_for (id int)")
        holder.run("begin; lock table waited_for")
        with (
            pytest.raises(LockTimeout, match=r"waiter at .+ waited too long for"),
            connected(address, "waiter", Session(lock_timeout=0.1)) as waiter,
        ):
            waiter.run("select * from waited_for")
        holder.run("rollback; drop table waited_for")


def test_reason_of_the_server_for_closing_the_connection_is_shown(server: Server):
    address = from_dsn(server.dsn())
    with pytest.raises(Unreachable, match="terminating connection due to administrator command"):
        _use_after_termination(address)


def _use_after_termination(address: Address) -> None:
    with connected(address, "tests") as other, connected(address, "victim") as victim:
        [[pid]] = victim.run("select pg_backend_pid()")
        terminate(other, pid)
        victim.run("select 1")


def test_settings_for_a_transaction_take_no_snapshot(server: Server):
    session = Session(zone="Asia/Tokyo")
    with connected(from_dsn(server.dsn()), "test") as connection:
        connection.run("begin isolation level repeatable read")
        connection.run(session.local(connection.version))
        connection.run("set transaction isolation level serializable")  # refused after a query
        assert connection.run("show timezone") == [["Asia/Tokyo"]]
        connection.run("rollback")
        assert connection.run("show timezone") == [["UTC"]]
