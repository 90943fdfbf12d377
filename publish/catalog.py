"""The catalog of the published tables. On one machine it is a SQLite database in the lake's
folder."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from threading import Lock

from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.table import Table
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from lake import Lake, SeqTaken, new_run, now
from lake.entries import PublishEntry
from lake.layout import INGESTED
from publish.clock import ForwardCatalog
from publish.errors import PublishRefused
from publish.schemas import iceberg_schema, metrics
from publish.store_io import INGESTION, PROCESSED, address_of, folder_of
from publish.tables import PublishedTable
from publish.unreachable import unreachable

FOLDER = "_published/"
DATABASE = f"{FOLDER}catalog.db"
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

PROPERTIES = {
    "commit.retry.num-retries": "0",  # a retry of pyiceberg adds the files of another one again
    "write.metadata.previous-versions-max": "10",
    "commit.manifest-merge.enabled": "true",
    "write.parquet.compression-codec": "zstd",
}

REFUSALS = (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchTableError,  # it was dropped since it was loaded
    SQLAlchemyError,
)


class Conflict(Exception):
    """Another publisher was first, or the outcome of the commit is unknown: reload the table."""


class PublishedTables(ABC):
    """The published tables of a lake. Of two commits to one version of a table one succeeds."""

    def __init__(self, lake: Lake, name: str) -> None:
        self._lake, self._name, self._root = lake, name, folder_of(lake.processed)

    @property
    @abstractmethod
    def _catalog(self) -> Catalog:
        """The catalog, which has no table of another lake."""

    @abstractmethod
    def _named(self) -> dict[str, str]:
        """Return the address of each table's current metadata, by identifier."""

    @abstractmethod
    def _drop(self) -> None:
        """Drop all tables from the catalog."""

    def _identifier(self, published: PublishedTable) -> tuple[str, str]:
        """Return the namespace and the name of the table in the catalog."""
        return published.namespace, published.name

    def tidy(self, table: Table, published: PublishedTable) -> None:  # noqa: B027 - some do nothing
        """After a commit, remove unused metadata, if this is the place to do so."""

    def locations(self) -> Mapping[str, str]:
        """Return the address of each table's current metadata, by identifier. Raises PublishRefused
        if one is not in this lake."""
        found = self._named()
        for identifier, location in found.items():
            if not location.startswith(self._root):
                raise PublishRefused(
                    f"{self._name} says that {identifier} is at {location}, which is not in"
                    " this lake: the lake was copied or moved. To fix: publish everything again"
                    " (`publish --again`)."
                )
        return found

    def forget(self) -> None:
        """Drop all tables from the catalog, so that the next publication makes them new. Their
        files stay until then."""
        if self._named():
            self._drop()
            hints = self._lake.published
            with suppress(SeqTaken):  # another publisher's hint names tables that do not exist
                hints.commit(PublishEntry(hints.head_seq() + 1, new_run(), now(), {}, {}))

    def table(self, published: PublishedTable) -> Table:
        """Return the current version of the table. It is created if it does not exist, and gets the
        columns that the contract added. Raises Conflict if another publisher does so now."""
        with commit():
            try:
                table = self._catalog.load_table(self._identifier(published))
            except NoSuchTableError:
                table = self._create(published)
            return self._with_columns(table, published)

    def _create(self, published: PublishedTable) -> Table:
        with suppress(NamespaceAlreadyExistsError):
            self._catalog.create_namespace(self._identifier(published)[0])
        with suppress(TableAlreadyExistsError):
            return self._catalog.create_table(
                self._identifier(published),
                iceberg_schema(published.columns),
                location=f"{self._root}{FOLDER}{published.namespace}/{published.name}/{new_run()}",
                properties=_properties(published),
            )
        return self._catalog.load_table(self._identifier(published))

    def _with_columns(self, table: Table, published: PublishedTable) -> Table:
        wanted = iceberg_schema(published.columns)
        current = {field.field_id: field.name for field in table.schema().fields}
        missing = [field for field in wanted.fields if field.field_id not in current]
        names = {field.field_id: field.name for field in wanted.fields}
        if any(names.get(number) != name for number, name in current.items()):
            raise PublishRefused(
                f"{published.identifier} has columns with other field ids than its contract: the"
                " published ones are"
                f" {', '.join(f'{number} {name}' for number, name in sorted(current.items()))}. To"
                " fix: give an added column the next field_id in the contract; never remove one."
            )
        if missing:
            with table.transaction() as transaction:
                with transaction.update_schema() as update:
                    for field in missing:
                        update.add_column(field.name, field.field_type, doc=field.doc)
                transaction.set_properties(_properties(published))
            return self._catalog.load_table(self._identifier(published))
        return table


class _Sqlite(ForwardCatalog, SqlCatalog):
    """A catalog in a SQLite database, whose times never go back."""


class LocalCatalog(PublishedTables):
    """The published tables of a lake in a directory."""

    def __init__(self, lake: Lake) -> None:
        self._database = _path(lake.processed.uri(DATABASE))
        super().__init__(lake, str(self._database))
        self._opened: SqlCatalog | None = None
        self._opening = Lock()

    def tidy(self, table: Table, published: PublishedTable) -> None:
        """After each twentieth commit, delete the metadata that the table does not use any more."""
        version = table.metadata_location.rpartition("/")[2].partition("-")[0]
        if int(version) % TIDIED == 0:
            folder = f"{FOLDER}{published.namespace}/{published.name}/"
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
    def _catalog(self) -> SqlCatalog:
        with self._opening:
            if self._opened is None:
                self._database.parent.mkdir(parents=True, exist_ok=True)
                self._opened = self._open()
            return self._opened

    def _open(self) -> SqlCatalog:
        lake = self._lake
        stores = {PROCESSED: address_of(lake.processed), INGESTION: address_of(lake.ingestion)}
        return _Sqlite(
            NAME,
            uri=URL.create("sqlite", database=str(self._database), query=WAIT).render_as_string(),
            warehouse=f"{self._root}{FOLDER}",
            **{"py-io-impl": "publish.store_io.StoreIO", **stores},
        )


def _properties(published: PublishedTable) -> dict[str, str]:
    """Return the properties of a new table. Landed files cannot be built again: those of earlier
    versions, which have no field ids, are read by name."""
    properties = {**PROPERTIES, **metrics(published.columns, published.personal)}
    if published.namespace == INGESTED:
        names = iceberg_schema(published.columns).name_mapping
        properties["schema.name-mapping.default"] = names.model_dump_json()
    return properties


@contextmanager
def commit() -> Iterator[None]:
    """Raise Conflict if the catalog refuses the commit of the block, or does not tell."""
    try:
        yield
    except REFUSALS as refusal:
        raise Conflict(str(refusal)) from refusal


def _path(address: str) -> Path:
    return Path(address.removeprefix("file://"))
