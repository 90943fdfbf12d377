"""The catalog of the published tables."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.table import Table

from lake import Lake, SeqTaken, layout, new_run, now
from lake.entries import PublishEntry
from lake.layout import INGESTED
from publish.errors import PublishRefused
from publish.schemas import iceberg_schema, metrics
from publish.store_io import folder_of
from publish.tables import PublishedTable

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

    def _create_namespace(self, name: str) -> None:
        """Create the namespace of a table, if it does not exist."""
        with suppress(NamespaceAlreadyExistsError):
            self._catalog.create_namespace(name)

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
        folder = layout.published_folder(published.namespace, published.name)
        self._create_namespace(self._identifier(published)[0])
        with suppress(TableAlreadyExistsError):
            return self._catalog.create_table(
                self._identifier(published),
                iceberg_schema(published.columns),
                location=f"{self._root}{folder}{new_run()}",
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
