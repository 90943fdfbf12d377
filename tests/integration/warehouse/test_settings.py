"""The warehouse is the same whatever its database, role and encoding are set to."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from embedded.server import Server
from postgres import Address, LockTimeout, Sql, connected, from_dsn, locks, render, value
from tests.hostile import SHADOWS, set_all
from tests.integration.warehouse.facts import add_members, add_version
from tests.pgbouncer import needs_pgbouncer, pgbouncer
from tests.sessions import refusal
from warehouse import EncodingUnsupported, MigrationFailed, migrate_at
from warehouse.migrate import LOCK

ROOT = Path(__file__).parents[3]

MORE_SETTINGS = {
    "check_function_bodies": "off",
    "lc_messages": "C",
    "plpgsql.extra_errors": "all",
    "plpgsql.variable_conflict": "use_column",
    "session_replication_role": "replica",
}
"""Settings that matter to migrations alone."""

EVENT_TRIGGER = """
create table public.statements (tag text, object text);
create function public.note_statement() returns event_trigger language plpgsql as $$ begin
    insert into public.statements
    select command_tag, object_identity from pg_event_trigger_ddl_commands();
end $$;
create event trigger note_statements on ddl_command_end execute function public.note_statement()
"""
FORBIDDING_TRIGGER = """
create function public.forbid() returns event_trigger language plpgsql as $$ begin
    raise exception 'ask the DBA first';
end $$;
create event trigger forbid on ddl_command_start execute function public.forbid()
"""
VIEWS = """
select relname, pg_get_viewdef(oid), obj_description(oid, 'pg_class') from pg_class
where relnamespace = 'warehouse'::regnamespace and relkind = 'v' order by relname
"""
COLUMNS = """
select relname, attname, atttypid, atttypmod, attnotnull, col_description(attrelid, attnum)
from pg_attribute join pg_class on pg_class.oid = attrelid
where relnamespace in ('warehouse'::regnamespace, 'etl'::regnamespace) and attnum > 0
order by relname, attnum
"""
QUERIES = (
    "select * from warehouse.fact_payment_wide order by payment_id",
    "select * from warehouse.fact_payment_history order by payment_id, version",
    "select * from warehouse.fact_payment_changes order by payment_id, batch_seq, column_name",
    "select * from warehouse.fact_payment_as_of('2024-01-01 11:30') order by payment_id",
    "select * from etl.latest_payment order by payment_id",
    VIEWS,
    COLUMNS,
)
NUMBERS = count()


@contextmanager
def database(server: Server, encoding: str = "UTF8") -> Iterator[Address]:
    """A new database for the block."""
    name = f"Settings {next(NUMBERS)}"
    with connected(from_dsn(server.dsn()), "tests") as connection:
        create = "create database {name} encoding {encoding} locale 'C' template template0"
        connection.run(render(create, name=name, encoding=value(encoding)))
    yield from_dsn(server.dsn(name))
    server.drop_database(name)


def make_hostile(address: Address) -> None:
    with connected(address, "tests") as connection:
        connection.run("load 'plpgsql'")  # which makes its settings known
        connection.run(SHADOWS)
        holder = render("database {name}", name=address.database)
        set_all(connection, holder)
        for name, text in MORE_SETTINGS.items():
            statement = "alter {holder} set {name} to {text}"
            parts = {"holder": Sql(holder), "name": Sql(name), "text": value(text)}
            connection.run(render(statement, **parts))


def filled(address: Address) -> list[list[list[Any]]]:
    """Migrate twice, insert versions, and return the answers of QUERIES."""
    assert "fact_payment_wide" in migrate_at(address)
    assert migrate_at(address) == []
    with connected(address, "tests") as connection:
        connection.run("set session_replication_role to origin")
        add_members(connection, "fact_payment")
        for batch, amount in ((10, "1.50"), (11, "2.25")):
            add_version(connection, "fact_payment", 1, batch, payment_amount=amount)
        connection.run("update etl.warehouse set views = 'of another version'")
    assert "fact_payment_wide" in migrate_at(address)
    with connected(address, "tests") as connection:
        return [connection.run(query) for query in QUERIES]


@pytest.fixture(scope="module")
def usual(server: Server) -> Iterator[list[list[list[Any]]]]:
    """The answers of a warehouse with the settings of a new server."""
    with database(server) as address:
        yield filled(address)


def test_settings_of_the_database_change_neither_migration_nor_answers(
    server: Server, usual: list[list[list[Any]]]
) -> None:
    with database(server) as address:
        make_hostile(address)
        assert filled(address) == usual


@needs_pgbouncer
def test_pooler_in_transaction_mode_changes_neither_migration_nor_answers(
    server: Server, usual: list[list[list[Any]]]
) -> None:
    with database(server) as address, pgbouncer(address) as pooled:
        assert filled(pooled) == usual


def test_migration_that_waits_too_long_for_another_one_names_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "INTERVAL", 0.1)
    with database(server) as address, connected(address, "other") as other:

        def migrate_within(limit: float) -> None:
            monkeypatch.setattr(import_module("warehouse.migrate"), "LOCK_TIMEOUT", f"{limit} s")
            migrate_at(address)

        other.run("begin")
        other.run(LOCK)
        who = rf"pid {other.pid}, user .+, application 'other', in a transaction since 2"
        message = refusal(migrate_within, LockTimeout)
        assert re.search(f"for an advisory lock, held by {who}.+To fix: end", message)
        other.run("rollback")
        assert migrate_at(address)


def test_event_trigger_that_records_statements_changes_nothing(
    server: Server, usual: list[list[list[Any]]]
) -> None:
    with database(server) as address:
        with connected(address, "tests") as connection:
            connection.run(EVENT_TRIGGER)
        assert filled(address) == usual


def test_event_trigger_that_forbids_a_statement_is_reported_with_its_reason(
    server: Server,
) -> None:
    with database(server) as address:
        with connected(address, "tests") as connection:
            connection.run(FORBIDDING_TRIGGER)
        with pytest.raises(MigrationFailed, match=r"failed and was rolled back: ask the DBA first"):
            migrate_at(address)
        with connected(address, "tests") as connection:
            assert connection.run("select to_regnamespace('etl')") == [[None]]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_warehouse_in_another_encoding_than_utf8_is_refused_with_the_remedy(
    server: Server, encoding: str
) -> None:
    with database(server, encoding) as address:
        with pytest.raises(EncodingUnsupported, match=rf"encoding {encoding}.*encoding 'UTF8'"):
            migrate_at(address)
        with connected(address, "tests") as connection:
            assert connection.run("select to_regnamespace('etl')") == [[None]]


def test_warehouse_that_was_migrated_in_another_encoding_before_is_refused_too(
    server: Server,
) -> None:
    with database(server, "LATIN1") as address:
        with connected(address, "tests") as connection:
            connection.run("create schema etl; create table etl.warehouse (); ")
        with pytest.raises(EncodingUnsupported):
            migrate_at(address)


def test_command_refuses_another_encoding_with_status_2(server: Server) -> None:
    with database(server, "LATIN1") as address:
        environment = {**os.environ, "OWNER": server.dsn(address.database)}
        command = [sys.executable, "-m", "warehouse", "migrate", "--warehouse", "env:OWNER"]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert "To fix: create a database with" in done.stderr
    assert len(done.stderr.splitlines()) == 1
