"""A warehouse of its own for each test, seen by a reader."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import streamlit as st
from pg8000.native import Connection

from dashboard.reader import Reader, reading
from dashboard.settings import Settings
from embedded.dashboard_process import reader_dsn
from embedded.server import Server
from postgres import connected, from_dsn
from tests.integration.warehouse.facts import add, add_members, add_version
from warehouse import migrate

SALES, PURCHASES, PAYMENTS = "fact_sales_order", "fact_purchase_order", "fact_payment"


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """No answer is that of another test."""
    st.cache_data.clear()


@pytest.fixture
def owner(warehouse_dsn: str) -> Iterator[Connection]:
    """The owner's session with a warehouse without rows."""
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        migrate(connection)
        yield connection


@pytest.fixture
def settings(server: Server, owner: Connection, warehouse_dsn: str) -> Settings:
    return Settings(from_dsn(reader_dsn(server, from_dsn(warehouse_dsn).database)))


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
    """The members 1 that a fact refers to, unless another fact's were added before."""
    if not owner.run("select from warehouse.dim_date limit 1"):
        add_members(owner, SALES)
    if table == PAYMENTS:
        add(owner, "dim_payment_type", payment_type_id=1, payment_type_name="SALES_RECEIPT")
        add(owner, "dim_transaction", transaction_id=1, transaction_type="SALE")


def saw(owner: Connection, batch: int, moment: datetime) -> None:
    """Enter a batch that saw the source at a moment, into the ledger."""
    owner.run(
        "insert into etl.ledger values (:seq, 'lake', 1, 'poll', 'load', :moment,"
        " '2024-01-01 10:00Z', '2024-01-01 10:01Z', 1)",
        seq=batch,
        moment=moment,
    )
