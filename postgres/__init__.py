"""Access to a PostgreSQL database: its address, a connection with settings, and quoted SQL."""

from postgres.address import Address, from_dsn, from_secret
from postgres.connection import connect, connected, jdbc_options
from postgres.driver import Connection, sqlstate, sqlstate_message
from postgres.errors import (
    InvalidAddress,
    InvalidReference,
    LockTimeout,
    NotAuthenticated,
    QueryFailed,
    Refused,
    StartupRefused,
    Unreachable,
    Unverified,
)
from postgres.reference import resolve
from postgres.session import SESSION, Session
from postgres.sql import Sql, joined, names, render, value
from postgres.transaction import transaction

__all__ = [
    "SESSION",
    "Address",
    "Connection",
    "InvalidAddress",
    "InvalidReference",
    "LockTimeout",
    "NotAuthenticated",
    "QueryFailed",
    "Refused",
    "Session",
    "Sql",
    "StartupRefused",
    "Unreachable",
    "Unverified",
    "connect",
    "connected",
    "from_dsn",
    "from_secret",
    "jdbc_options",
    "joined",
    "names",
    "render",
    "resolve",
    "sqlstate",
    "sqlstate_message",
    "transaction",
    "value",
]
