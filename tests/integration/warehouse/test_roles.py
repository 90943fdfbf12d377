"""The group roles: the rights of their members, and an owner who cannot create them."""

import logging
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

import contracts
from embedded.server import Server
from postgres import Address, connected, from_dsn, render, sqlstate, value
from warehouse import migrate, migrate_at, roles
from warehouse.roles import LOADER, READER
from warehouse.templates import FUNCTIONS, VIEWS

DENIED = "42501"
FACTS = contracts.warehouse().facts
DIMENSIONS = [name for name in contracts.warehouse().tables if name.startswith("dim_")]


def each(template: str, tables: Iterable[str]) -> list[str]:
    """Return the statement for each table."""
    return [render(template, table=table) for table in tables]


READABLE = [
    "select count(*) from etl.ledger",
    "select count(*) from etl.warehouse where contracts is null",
    *each(
        "select count(*) from warehouse.{table}",
        [*DIMENSIONS, *(f"{fact.name}_{kind}" for fact in FACTS for kind in VIEWS)],
    ),
    *each(
        "select count(*) from warehouse.{table}('2024-01-01')",
        [f"{fact.name}_{kind}" for fact in FACTS for kind in FUNCTIONS],
    ),
]
NOT_FOR_READERS = [
    *each("select from warehouse.{table}", [fact.name for fact in FACTS]),
    *each("select from etl.{table}", [f"latest_{fact.of}" for fact in FACTS]),
    "select from etl.migration",
    "update etl.warehouse set contracts = 'x'",
    "insert into etl.ledger default values",
    "insert into warehouse.dim_currency values (1, 'x', 'y')",
    "update warehouse.dim_currency set currency_code = 'x'",
    "delete from warehouse.dim_currency",
    "truncate warehouse.dim_currency",
    "create table etl.mine ()",
    "create table warehouse.mine ()",
    "drop view warehouse.fact_payment_wide",
]
OWN_TRIGGER = """
do $$ begin
    create table etl.mine (payment_id integer);
    create trigger mine after insert on etl.mine referencing new table as arrived
        for each statement execute function etl.note_latest('etl.latest_payment', 'payment_id');
end $$
"""
NOT_FOR_LOADERS = [
    OWN_TRIGGER,
    *each("update warehouse.{table} set is_deleted = true", [fact.name for fact in FACTS]),
    *each("delete from warehouse.{table}", [fact.name for fact in FACTS]),
    "truncate warehouse.fact_payment",
    *each("delete from etl.{table}", [f"latest_{fact.of}" for fact in FACTS]),
    *each("update etl.{table} set is_deleted = true", [f"latest_{fact.of}" for fact in FACTS]),
    *each("insert into etl.{table} default values", [f"latest_{fact.of}" for fact in FACTS]),
    "delete from warehouse.dim_currency",
    "update etl.ledger set rows = 0",
    "delete from etl.ledger",
    "update etl.warehouse set contracts = 'x'",
    "insert into etl.migration values ('x', 'y')",
    "create table warehouse.mine ()",
    "drop view warehouse.fact_payment_wide",
]


@pytest.fixture
def member(migrated: Connection, warehouse_dsn: str) -> Iterator[Address]:
    """A login role without membership in a group."""
    name, password = f"member_{secrets.token_hex(4)}", secrets.token_hex(8)
    create = "create role {name} login password {password}"
    migrated.run(render(create, name=name, password=value(password)))
    yield replace(from_dsn(warehouse_dsn), user=name, password=password)
    migrated.run(render("drop owned by {name}; drop role {name}", name=name))


def joined(connection: Connection, member: Address, role: str) -> Address:
    connection.run(render("grant {role} to {member}", role=role, member=member.user))
    return member


def denied(connection: Connection, statement: str) -> bool:
    try:
        connection.run(statement)
    except DatabaseError as error:
        return sqlstate(error) == DENIED
    return False


def test_a_reader_reads_views_functions_dimensions_and_the_ledger(
    migrated: Connection, member: Address
) -> None:
    with connected(joined(migrated, member, READER), "tests") as reader:
        for query in READABLE:
            assert reader.run(query) == [[0]], query


def test_a_reader_can_do_nothing_else(migrated: Connection, member: Address) -> None:
    with connected(joined(migrated, member, READER), "tests") as reader:
        assert [s for s in NOT_FOR_READERS if not denied(reader, s)] == []


def test_a_loader_can_do_only_what_a_load_does(migrated: Connection, member: Address) -> None:
    with connected(joined(migrated, member, LOADER), "tests") as loader:
        assert [s for s in NOT_FOR_LOADERS if not denied(loader, s)] == []


def test_a_stranger_reads_nothing(member: Address) -> None:
    with connected(member, "tests") as stranger:
        assert denied(stranger, "select from warehouse.fact_payment_current")
        assert denied(stranger, "select from etl.ledger")


def test_a_loader_finds_a_warehouse_that_is_up_to_date(
    migrated: Connection, member: Address
) -> None:
    with connected(joined(migrated, member, LOADER), "tests") as loader:
        assert migrate(loader) == []


def test_groups_cannot_log_in(migrated: Connection) -> None:
    login = "select rolcanlogin from pg_roles where rolname in (:loader, :reader)"
    assert migrated.run(login, loader=LOADER, reader=READER) == [[False], [False]]


def test_a_migration_alone_is_followed_by_its_grants(migrated: Connection, member: Address) -> None:
    joined(migrated, member, LOADER)
    migrated.run("drop table etl.retry; delete from etl.migration where name = '0004_retries.sql'")
    assert migrate(migrated) == ["0004_retries.sql"]
    with connected(member, "tests") as loader:
        assert loader.run("select count(*) from etl.retry") == [[0]]


def test_two_warehouses_on_one_server_share_the_roles(
    migrated: Connection, member: Address, server: Server
) -> None:
    server.create_database("another_warehouse")
    try:
        another = from_dsn(server.dsn("another_warehouse"))
        migrate_at(another)
        there = replace(joined(migrated, member, READER), database=another.database)
        with connected(there, "tests") as reader:
            assert reader.run("select count(*) from warehouse.fact_payment_wide") == [[0]]
    finally:
        server.drop_database("another_warehouse")


@pytest.fixture
def unprivileged_owner(connection: Connection, warehouse_dsn: str) -> Iterator[Address]:
    """The owner of an empty database, without the right to create roles."""
    name, password = f"owner_{secrets.token_hex(4)}", secrets.token_hex(8)
    create = "create role {name} login password {password}"
    connection.run(render(create, name=name, password=value(password)))
    address = from_dsn(warehouse_dsn)
    grant = "grant create on database {database} to {name}"
    connection.run(render(grant, database=address.database, name=name))
    yield replace(address, user=name, password=password)
    connection.run(render("drop owned by {name} cascade; drop role {name}", name=name))


def test_an_owner_who_cannot_create_roles_gets_a_warning_and_everything_else_works(
    unprivileged_owner: Address,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # names that this server does not have
    grants = {role.replace("warehouse", "absent"): of for role, of in roles.GRANTS.items()}
    monkeypatch.setattr(roles, "GRANTS", grants)
    monkeypatch.setattr(roles, "LOADER", "absent_loader")
    with caplog.at_level(logging.WARNING):
        assert "fact_payment_wide" in migrate_at(unprivileged_owner)
    assert "create role absent_loader nologin; create role absent_reader nologin;" in caplog.text
    with connected(unprivileged_owner, "tests") as owner:
        assert owner.run("select count(*) from warehouse.fact_payment_wide") == [[0]]
    connection.run("create role absent_loader nologin; create role absent_reader nologin")
    try:
        assert migrate_at(unprivileged_owner) == []
        may = "select has_table_privilege('absent_reader', 'warehouse.fact_payment_wide', 'select')"
        assert connection.run(may) == [[True]]
    finally:
        connection.run("drop owned by absent_loader, absent_reader")
        connection.run("drop role absent_loader, absent_reader")
