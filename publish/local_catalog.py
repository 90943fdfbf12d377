"""The published tables of a lake in a directory, in a SQLite database in its folder."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitStateUnknownException
from pyiceberg.table import Table
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from lake import Lake, layout
from publish.catalog import PublishedTables
from publish.clock import ForwardCatalog
from publish.errors import PublishRefused
from publish.store_io import INGESTION, PROCESSED, address_of
from publish.tables import PublishedTable
from publish.unreachable import unreachable, version_of

DATABASE = f"{layout.PUBLISHED}catalog.db"
NAME = "lake"
PATIENCE = 60  # seconds that a publisher waits for the database
HAS_TABLES = "select count(*) from sqlite_master where name = 'iceberg_tables'"
FORGET = "delete from iceberg_tables"
TIDIED = 20  # commits of a table
UNUSED_FOR = timedelta(minutes=10)
"""The age of metadata that is deleted: a reader that began with an earlier version of a table has
ended by then."""

WAIT = {"timeout": str(PATIENCE)}
LOCATIONS = "select table_namespace || '.' || table_name, metadata_location from iceberg_tables"

F = TypeVar("F", bound=Callable[..., Any])


def _in_doubt(method: F) -> F:
    """Raise CommitStateUnknownException for an error of the database, so that the caller loads the
    table again."""

    @wraps(method)
    def tried(*arguments: Any, **named: Any) -> Any:
        try:
            return method(*arguments, **named)
        except SQLAlchemyError as refusal:
            raise CommitStateUnknownException(str(refusal)) from refusal

    return cast(F, tried)


class SqliteCatalog(ForwardCatalog, SqlCatalog):
    """A catalog in a SQLite database, whose times never go back. An error of the database leaves
    the outcome in doubt."""

    load_table = _in_doubt(SqlCatalog.load_table)
    create_namespace = _in_doubt(SqlCatalog.create_namespace)
    create_table = _in_doubt(SqlCatalog.create_table)
    commit_table = _in_doubt(SqlCatalog.commit_table)


class LocalCatalog(PublishedTables):
    """The published tables of a lake in a directory."""

    def __init__(self, lake: Lake) -> None:
        self._database = _path(lake.processed.uri(DATABASE))
        super().__init__(lake, str(self._database))
        self._opened: SqliteCatalog | None = None
        self._opening = Lock()

    def tidy(self, table: Table, published: PublishedTable) -> None:
        """After each twentieth commit, delete the metadata that the table does not use any more."""
        if version_of(table.metadata_location) % TIDIED == 0:
            folder = layout.published_folder(published.namespace, published.name)
            store = self._lake.processed
            store.remove(unreachable(store, folder, table, UNUSED_FOR))

    def _drop(self) -> None:
        with closing(sqlite3.connect(self._database, timeout=PATIENCE)) as database, database:
            database.execute(FORGET)

    def _named(self) -> dict[str, str]:
        if not self._database.exists():
            return {}
        try:
            with closing(sqlite3.connect(self._database, timeout=PATIENCE)) as database:
                [[exists]] = database.execute(HAS_TABLES)
                return dict(database.execute(LOCATIONS).fetchall()) if exists else {}
        except sqlite3.Error as refusal:
            raise PublishRefused(
                f"{self._database} cannot be read: {refusal}. To fix: check the permissions and the"
                " disk; if the file is damaged, remove it: the next publication makes all tables"
                " new from the logs."
            ) from refusal

    @property
    def _catalog(self) -> SqliteCatalog:
        with self._opening:
            if self._opened is None:
                self._database.parent.mkdir(parents=True, exist_ok=True)
                self._opened = self._open()
            return self._opened

    @_in_doubt
    def _open(self) -> SqliteCatalog:
        lake = self._lake
        stores = {PROCESSED: address_of(lake.processed), INGESTION: address_of(lake.ingestion)}
        return SqliteCatalog(
            NAME,
            uri=URL.create("sqlite", database=str(self._database), query=WAIT).render_as_string(),
            warehouse=f"{self._root}{layout.PUBLISHED}",
            **{"py-io-impl": "publish.store_io.StoreIO", **stores},
        )


def _path(address: str) -> Path:
    return Path(address.removeprefix("file://"))
