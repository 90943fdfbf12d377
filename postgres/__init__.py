"""Access to a PostgreSQL database: its address, a connection with settings, and quoted SQL."""

from postgres.address import Address, from_dsn, from_secret
from postgres.connection import connect, connected
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
from postgres.locks import LOCK_NOT_AVAILABLE, local_lock_timeout, waited_for
from postgres.reference import resolve
from postgres.session import SESSION, Session
from postgres.sql import Sql, joined, names, render, value
from postgres.transaction import transaction

__all__ = [
    "LOCK_NOT_AVAILABLE",
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
    "joined",
    "local_lock_timeout",
    "names",
    "render",
    "resolve",
    "sqlstate",
    "sqlstate_message",
    "transaction",
    "value",
    "waited_for",
]
