"""Asks the warehouse: one session a page, opened when the first answer is not remembered."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from typing import Any, NamedTuple

import streamlit as st
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from contracts.project import project_folder
from dashboard.errors import NotAllowed, NotMigrated, TookTooLong
from dashboard.settings import Settings
from postgres import QueryFailed, Sql, connected, render, sqlstate

Rows = list[dict[str, Any]]

FRESH = 20.0  # seconds that an answer is given again without asking
MOST_ANSWERS = 500
SHARED = tuple(
    path.name.removesuffix(".sql") for path in project_folder("dashboard/sql/shared").iterdir()
)
"""Parts that the project's questions may embed, each under its file's name."""
SESSION = """
set search_path to {schema}; set default_transaction_read_only = on; set statement_timeout = '30s'
"""
STANDING = """
select
    to_regnamespace(quote_ident(:schema)) is null,
    coalesce(has_schema_privilege(to_regnamespace(quote_ident(:schema)), 'usage'), false)
"""
NO_SUCH, NO_RIGHT, CANCELLED = ("42P01", "42883", "42703", "3F000"), "42501", "57014"


class Question(NamedTuple):
    """What an answer is remembered by: the place is the warehouse, without a password."""

    place: str
    statement: str
    parameters: dict[str, Any]


class Reader:
    """A session with the warehouse, which may only read."""

    def __init__(self, settings: Settings, closing: ExitStack) -> None:
        self.settings = settings
        self._closing = closing
        self._connection: Connection | None = None

    def ask(self, question: str, scope: str = "", **parameters: Any) -> Rows:
        """The answer to the question in ``sql/<question>.sql``, a dict a row; ``scope`` names the
        file in ``sql/scopes`` with what it is about. Raises NotMigrated, NotAllowed, TookTooLong,
        and what `postgres.connected` does."""
        parts = {name: Sql(text(f"shared/{name}")) for name in SHARED}
        if scope:
            parts["scope"] = render(text(f"scopes/{scope}"), **parts)
        return self.run(render(text(question), **parts), **parameters)

    def run(self, statement: str, **parameters: Any) -> Rows:
        """The answer to a statement, at most FRESH seconds old."""
        place = f"{self.settings.warehouse} {self.settings.schema}"
        rows: Rows = _remembered(Question(place, statement, parameters), self)
        return rows

    def fetch(self, statement: str, parameters: dict[str, Any]) -> Rows:
        """The answer, asked anew."""
        if self._connection is None:
            self._connection = self._closing.enter_context(_session(self.settings))
        rows = self._connection.run(statement, **parameters)
        names = [column["name"] for column in self._connection.columns or ()]
        return [dict(zip(names, row, strict=True)) for row in rows or ()]


@contextmanager
def reading(settings: Settings) -> Iterator[Reader]:
    """A reader for the block."""
    try:
        with ExitStack() as closing:
            yield Reader(settings, closing)
    except QueryFailed as failure:
        raise _told(failure, settings) from failure


def text(question: str) -> str:
    """Return the SQL of a question: the project's, or one that every project has."""
    name = f"{question}.sql"
    own = project_folder("dashboard/sql").joinpath(name)
    path = own if own.is_file() else files("dashboard").joinpath("sql", name)
    return path.read_text(encoding="utf-8")


@st.cache_data(ttl=FRESH, max_entries=MOST_ANSWERS, show_spinner="Asking the warehouse…")
def _remembered(question: Question, _reader: Reader) -> Rows:
    """The answer; the reader is no part of what it is remembered by."""
    return _reader.fetch(question.statement, question.parameters)


@contextmanager
def _session(settings: Settings) -> Iterator[Connection]:
    with connected(settings.warehouse, "dashboard") as connection:
        for statement in render(SESSION, schema=settings.schema).split(";"):
            connection.run(statement)
        [[is_missing, may_use]] = connection.run(STANDING, schema=settings.schema)
        if is_missing:
            raise _not_migrated(settings)
        if not may_use:
            raise _not_allowed(settings)
        yield connection


def _told(failure: QueryFailed, settings: Settings) -> Exception:
    """The failure by who must act."""
    cause = failure.__cause__
    state = sqlstate(cause) if isinstance(cause, DatabaseError) else ""
    if state in NO_SUCH:
        return _not_migrated(settings)
    if state == NO_RIGHT:
        return _not_allowed(settings)
    if state == CANCELLED:
        return TookTooLong(
            "The warehouse took more than 30 seconds over this page, which then stopped asking."
            " Choose a shorter period, or try again when the server has less to do."
        )
    return failure


def _not_migrated(settings: Settings) -> NotMigrated:
    return NotMigrated(
        f"{settings.warehouse} has no warehouse of this version in the schema"
        f" {settings.schema}. Its owner makes it, or brings it up to date, with"
        " 'python -m warehouse migrate'."
    )


def _not_allowed(settings: Settings) -> NotAllowed:
    user = settings.warehouse.user
    return NotAllowed(
        f"{user} may not read the schema {settings.schema} of {settings.warehouse}. Its owner"
        f" lets them: grant warehouse_reader to {user}."
    )
