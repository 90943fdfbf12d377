"""A warehouse of its own for each test, seen by a reader."""

from collections.abc import Iterator

import pytest
import streamlit as st
from pg8000.native import Connection

from dashboard.reader import Reader, reading
from dashboard.settings import Settings
from embedded.dashboard import reader_dsn
from embedded.server import Server
from postgres import connected, from_dsn
from warehouse import migrate


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
