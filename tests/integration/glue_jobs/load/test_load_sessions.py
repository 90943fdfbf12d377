"""A migration and a load have the same result under hostile settings and through a pooler."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from pg8000.native import Connection

from glue_jobs.load.transaction import LoadResult, Target, load
from lake import new_run
from postgres import Address, connected, from_dsn, locks, render, value
from tests.hostile import SETTINGS, set_all
from tests.pgbouncer import needs_pgbouncer, pgbouncer
from tests.processed import ProcessedLake, star, version_row
from tests.proxy import without_options
from warehouse import migrate
from warehouse.migrate import migrate_at

FACT = """
select created_time::text, unit_price::text, observed_at::text, valid_from::text
from warehouse.fact_sales_order_history
"""
STAGING = "select count(*) from pg_tables where tablename like 'staging%'"
POOLED = (
    "TimeZone", "DateStyle", "IntervalStyle", "extra_float_digits", "bytea_output", "search_path",
    "default_transaction_isolation", "quote_all_identifiers", "standard_conforming_strings",
)  # fmt: skip
PRICE = Decimal("1234567.89")


@pytest.fixture
def observer(warehouse_dsn: str) -> Iterator[Connection]:
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        yield connection


@pytest.fixture
def owner(observer: Connection, warehouse_dsn: str) -> Iterator[Address]:
    """Return the warehouse with an owner whose role sets everything against us."""
    name, password = f"owner_{secrets.token_hex(4)}", secrets.token_hex(8)
    create = "create role {name} superuser login password {password}"
    observer.run(render(create, name=name, password=value(password)))
    set_all(observer, f"role {name}")
    yield replace(from_dsn(warehouse_dsn), user=name, password=password)
    observer.run(render("drop owned by {name}; drop role {name}", name=name))


@pytest.fixture
def load_order(tmp_path: Path) -> Callable[[Address], LoadResult]:
    processed = ProcessedLake(tmp_path)
    processed.add({**star(), "fact_sales_order": [version_row(1, 1, unit_price=PRICE)]})
    return lambda address: load(processed.lake, Target(address, "warehouse"), new_run())


@pytest.fixture
def expected(load_order: Callable[[Address], LoadResult], server_database: str) -> list[list[str]]:
    """Return the values that a load without hostile settings writes."""
    address = from_dsn(server_database)
    migrate_at(address)
    load_order(address)
    with connected(address, "tests") as connection:
        rows: list[list[str]] = connection.run(FACT)
    return rows


@pytest.fixture
def server_database(source_dsn: str) -> str:
    """Return the DSN of another database, which is without tables of a warehouse."""
    return source_dsn


def test_hostile_settings_of_the_role_change_no_value(
    owner: Address,
    observer: Connection,
    load_order: Callable[[Address], LoadResult],
    expected: list[list[str]],
) -> None:
    migrate_at(owner)
    assert load_order(owner).rows["fact_sales_order"] == 1
    assert observer.run(FACT) == expected
    assert expected[0][1] == str(PRICE)


def test_migrated_warehouse_is_up_to_date_if_the_database_quotes_all_identifiers(
    observer: Connection, warehouse_dsn: str
) -> None:
    migrate(observer)
    [[database]] = observer.run("select current_database()")
    observer.run(render("alter database {name} set quote_all_identifiers = on", name=database))
    observer.run("drop view warehouse.fact_sales_order_wide; delete from etl.warehouse")
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        assert "fact_sales_order_wide" in migrate(connection)
        assert migrate(connection) == []


@needs_pgbouncer
def test_warehouse_behind_pgbouncer_in_transaction_mode_is_migrated_and_loaded(
    owner: Address,
    observer: Connection,
    load_order: Callable[[Address], LoadResult],
    expected: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    observer.run(f"alter role {owner.user} reset all")
    for name in POOLED:  # docs/compatibility.md, Poolers
        observer.run(f"alter role {owner.user} set {name} to {SETTINGS[name]}")
    # One connection for all: the report of waits, which begins at once, must not keep it.
    monkeypatch.setattr(locks, "INTERVAL", 0.0)
    with pgbouncer(owner, default_pool_size="1") as address:
        assert migrate_at(address)
        assert load_order(address).rows["fact_sales_order"] == 1
        assert load_order(address).rows == {}
    assert observer.run(FACT) == expected


def test_warehouse_behind_a_proxy_that_refuses_options_is_loaded(
    owner: Address,
    observer: Connection,
    load_order: Callable[[Address], LoadResult],
    expected: list[list[str]],
) -> None:
    with without_options(owner, refuses=True) as address:
        migrate_at(address)
        assert load_order(address).rows["fact_sales_order"] == 1
    assert observer.run(FACT) == expected
