"""One way to reach a PostgreSQL database: its address, a connection, and quoted SQL."""

from postgres.address import Address, from_dsn, from_secret
from postgres.connection import connect, connected, sqlstate, sqlstate_message
from postgres.errors import (
    InvalidAddress,
    InvalidReference,
    NotAuthenticated,
    QueryFailed,
    Refused,
    Unreachable,
    Unverified,
)
from postgres.reference import resolve
from postgres.sql import Sql, joined, names, render, value
from postgres.transaction import transaction

__all__ = [
    "Address",
    "InvalidAddress",
    "InvalidReference",
    "NotAuthenticated",
    "QueryFailed",
    "Refused",
    "Sql",
    "Unreachable",
    "Unverified",
    "connect",
    "connected",
    "from_dsn",
    "from_secret",
    "joined",
    "names",
    "render",
    "resolve",
    "sqlstate",
    "sqlstate_message",
    "transaction",
    "value",
]
