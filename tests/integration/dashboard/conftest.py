"""A warehouse for the tests of the dashboard, read by a member of its reader role.

The tests of a folder share one warehouse, which is emptied before each test.
"""

import atexit
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs

import pytest
import streamlit as st
from pg8000.native import Connection
from streamlit.testing.v1 import AppTest, app_test

from dashboard.reader import Reader, reading
from dashboard.settings import LAKE, WAREHOUSE, Settings
from embedded.demo.dashboard_process import reader_dsn
from embedded.server import Server
from postgres import connected, from_dsn
from tests.integration.warehouse.facts import add, add_members, add_version
from warehouse import migrate

SALES, PURCHASES, PAYMENTS = "fact_sales_order", "fact_purchase_order", "fact_payment"
ONE_PAGE = Path(__file__).with_name("one_page.py")
TABLES_WITH_ROWS = """
select string_agg(format('%I.%I', schemaname, tablename), ', ') from pg_tables
where schemaname in ('warehouse', 'etl') and tablename not in ('migration', 'warehouse')
"""


atexit.register(app_test.TMP_DIR.cleanup)  # else Python removes it with a warning


class Look(Protocol):
    """Opens the page at a path, such as 'history?search=2', with more variables in its
    environment."""

    def __call__(self, path: str, variables: Mapping[str, str] | None = None) -> AppTest: ...


_numbers = count(1)


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Forget the results of other tests."""
    st.cache_data.clear()


@pytest.fixture(scope="session")
def shared_owner(server: Server) -> Iterator[Connection]:
    """The owner's session with the warehouse that tests share."""
    database = f"dashboard_tests_{next(_numbers)}"
    server.create_database(database)
    with connected(from_dsn(server.dsn(database)), "tests") as connection:
        migrate(connection)
        yield connection


@pytest.fixture(scope="session")
def shared_settings(server: Server, shared_owner: Connection) -> Settings:
    [[database]] = shared_owner.run("select current_database()")
    return Settings(from_dsn(reader_dsn(server, database, f"{database}_reader")))


@pytest.fixture
def owner(shared_owner: Connection) -> Connection:
    """The owner's session with a warehouse without rows."""
    [[tables]] = shared_owner.run(TABLES_WITH_ROWS)
    shared_owner.run(f"truncate {tables} restart identity")
    return shared_owner


@pytest.fixture
def settings(owner: Connection, shared_settings: Settings) -> Settings:
    return shared_settings


@pytest.fixture
def reader(settings: Settings) -> Iterator[Reader]:
    with reading(settings) as reader:
        yield reader


@pytest.fixture
def star(owner: Connection) -> Connection:
    """Members 1 and 2 of every dimension, and three sales orders in two currencies."""
    for table in (SALES, PURCHASES, PAYMENTS):
        add_once(owner, table)
    add(owner, "dim_currency", currency_id=2, currency_code="GBP", currency_name="Pound")
    add(owner, "dim_counterparty", counterparty_id=2, counterparty_legal_name="O'Hara 100%",
        counterparty_legal_country="Samoa")  # fmt: skip
    add(owner, "dim_staff", staff_id=2, department_name="Sales")
    add_version(owner, SALES, 1, 1, units_sold=10, unit_price="2.50")
    add_version(owner, SALES, 2, 1, units_sold=4, unit_price="1.25", currency_id=2,
                counterparty_id=2, sales_staff_id=2)  # fmt: skip
    add_version(owner, SALES, 3, 1, units_sold=1, unit_price="0.10")
    return owner


def add_once(owner: Connection, table: str) -> None:
    """Insert the members 1 that a fact refers to, unless another fact inserted them."""
    if not owner.run("select from warehouse.dim_date limit 1"):
        add_members(owner, SALES)
    if table == PAYMENTS:
        add(owner, "dim_payment_type", payment_type_id=1, payment_type_name="SALES_RECEIPT")
        add(owner, "dim_transaction", transaction_id=1, transaction_type="SALE")


def add_batch(owner: Connection, seq: int, observed_at: datetime) -> None:
    """Insert a batch into the ledger."""
    owner.run(
        "insert into etl.ledger values (:seq, 'lake', 1, 'poll', 'load', :observed_at,"
        " '2024-01-01 10:00Z', '2024-01-01 10:01Z', 1)",
        seq=seq,
        observed_at=observed_at,
    )


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Look:
    """Open a page without a browser."""
    address = settings.warehouse
    monkeypatch.setenv(WAREHOUSE, f"postgresql://{address}")
    monkeypatch.setenv("PGPASSWORD", address.password or "")
    monkeypatch.delenv(LAKE, raising=False)

    def look(path: str, variables: Mapping[str, str] | None = None) -> AppTest:
        for name, value in (variables or {}).items():
            monkeypatch.setenv(name, value)
        app = AppTest.from_file(str(ONE_PAGE), default_timeout=60)
        monkeypatch.setenv("PAGE", path.partition("?")[0])
        for name, texts in parse_qs(path.partition("?")[2]).items():
            app.query_params[name] = texts
        app.run()
        assert not app.exception
        return app

    return look


def metrics(app: AppTest, title: str) -> list[str]:
    """Return the values of the metrics whose title contains the text, as the browser shows them."""
    return [metric.value.replace("\\", "") for metric in app.metric if title in metric.label]


def captions(app: AppTest, *, in_sidebar: bool = True) -> str:
    places = [app] if in_sidebar else [app.main]
    return " ".join(caption.value for place in places for caption in place.caption)
