"""Queries of the warehouse: one read-only session for each page."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, NamedTuple

import streamlit as st
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from contracts.project import project_folder
from dashboard.errors import NotAllowed, NotMigrated, TookTooLong
from dashboard.settings import Settings
from postgres import QueryFailed, Session, Sql, connected, render, sqlstate

Rows = list[dict[str, Any]]

CACHE_SECONDS = 20.0
MAX_CACHED = 500
STATEMENT_TIMEOUT = 30.0  # seconds
SCHEMA_ACCESS = """
select
    to_regnamespace(quote_ident(:schema)) is null,
    coalesce(has_schema_privilege(to_regnamespace(quote_ident(:schema)), 'usage'), false)
"""
UNDEFINED, DENIED, CANCELED = ("42P01", "42883", "42703", "3F000"), "42501", "57014"


@dataclass(frozen=True)
class AsOf:
    """The last loaded batch: when its poll read the source, on the source's clock, and when it was
    committed to the lake."""

    batch: int
    observed_at: datetime
    committed_at: datetime


class CacheKey(NamedTuple):
    """The key of a cached result. ``warehouse`` is the address and the schema, without a password;
    ``batch`` is the last loaded batch, so that a result is never older than the page says."""

    warehouse: str
    batch: int
    statement: str
    parameters: dict[str, Any]


class Reader:
    """A session with the warehouse that can only read."""

    def __init__(self, settings: Settings, closing: ExitStack) -> None:
        self.settings = settings
        self._closing = closing
        self._connection: Connection | None = None

    @cached_property
    def as_of(self) -> AsOf | None:
        """The last loaded batch, or None; the data of the page is as of its poll. It is read once
        for each page, without the cache."""
        with _typed_errors(self.settings):
            rows = self.fetch(query_text("as_of"), {})
        return AsOf(**rows[0]) if rows else None

    def query(self, name: str, scope: str = "", **parameters: Any) -> Rows:
        """Return the result of ``sql/<name>.sql``, one dict for each row. ``scope`` names the file
        in ``sql/scopes`` that selects the rows to look at.

        Raises NotMigrated, NotAllowed, TookTooLong, and the errors of `postgres.connected`.
        """
        parts = {part: Sql(query_text(f"shared/{part}")) for part in shared_fragments()}
        fragments = {part: render(text, **parts) for part, text in parts.items()}
        if scope:
            fragments["scope"] = render(query_text(f"scopes/{scope}"), **fragments)
        return self.run(render(query_text(name), **fragments), **parameters)

    def run(self, statement: str, **parameters: Any) -> Rows:
        """Return the result of a statement, which is at most CACHE_SECONDS old."""
        warehouse = f"{self.settings.warehouse} {self.settings.schema}"
        batch = self.as_of.batch if self.as_of else 0
        rows: Rows = _cached(CacheKey(warehouse, batch, statement, parameters), self)
        return rows

    def fetch(self, statement: str, parameters: dict[str, Any]) -> Rows:
        """Return the result of a statement without the cache."""
        if self._connection is None:
            self._connection = self._closing.enter_context(_session(self.settings))
        rows = self._connection.run(statement, **parameters)
        names = [column["name"] for column in self._connection.columns or ()]
        return [dict(zip(names, row, strict=True)) for row in rows or ()]


@contextmanager
def reading(settings: Settings) -> Iterator[Reader]:
    """Provide a reader for the block, and close its session afterwards."""
    with _typed_errors(settings), ExitStack() as closing:
        yield Reader(settings, closing)


@contextmanager
def _typed_errors(settings: Settings) -> Iterator[None]:
    try:
        yield
    except QueryFailed as failure:
        raise _typed(failure, settings) from failure


def query_text(name: str) -> str:
    """Return the SQL of a query: the project's, or else the dashboard's own."""
    file = f"{name}.sql"
    of_project = project_folder("dashboard/sql").joinpath(file)
    path = of_project if of_project.is_file() else files("dashboard").joinpath("sql", file)
    return path.read_text(encoding="utf-8")


@cache
def shared_fragments() -> tuple[str, ...]:
    """Return the names of the SQL fragments that the project's queries can embed."""
    folder = project_folder("dashboard/sql/shared")
    return tuple(path.name.removesuffix(".sql") for path in folder.iterdir())


@st.cache_data(ttl=CACHE_SECONDS, max_entries=MAX_CACHED, show_spinner="Querying the warehouse…")
def _cached(key: CacheKey, _reader: Reader) -> Rows:
    """Return the rows. Streamlit leaves ``_reader`` out of the key because of its underscore."""
    return _reader.fetch(key.statement, key.parameters)


@contextmanager
def _session(settings: Settings) -> Iterator[Connection]:
    session = Session(
        search_path=(settings.schema,),
        is_read_only=True,
        row_security=True,  # a reader sees the rows that the owner lets it see
        statement_timeout=STATEMENT_TIMEOUT,
    )
    with connected(settings.warehouse, "dashboard", session) as connection:
        [[is_missing, is_usable]] = connection.run(SCHEMA_ACCESS, schema=settings.schema)
        if is_missing:
            raise _not_migrated(settings)
        if not is_usable:
            raise _not_allowed(settings)
        yield connection


def _typed(failure: QueryFailed, settings: Settings) -> Exception:
    """Return the failure as the error type of the person who can fix it."""
    cause = failure.__cause__
    state = sqlstate(cause) if isinstance(cause, DatabaseError) else ""
    if state in UNDEFINED:
        return _not_migrated(settings)
    if state == DENIED:
        return _not_allowed(settings)
    if state == CANCELED:
        return TookTooLong(
            "A query took more than 30 seconds and was canceled. To fix: choose a shorter period,"
            " or try again when the server is less busy."
        )
    return failure


def _not_migrated(settings: Settings) -> NotMigrated:
    return NotMigrated(
        f"The schema {settings.schema} of {settings.warehouse} does not contain a warehouse of this"
        " version. To fix: its owner runs 'python -m warehouse migrate'."
    )


def _not_allowed(settings: Settings) -> NotAllowed:
    user = settings.warehouse.user
    return NotAllowed(
        f"The user {user} cannot read the schema {settings.schema} of {settings.warehouse}."
        f" To fix: its owner runs 'grant warehouse_reader to {user}'."
    )
