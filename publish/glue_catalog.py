"""The published tables in the Glue Data Catalog."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io import FileIO
from pyiceberg.typedef import EMPTY_DICT, Properties

from lake import Lake
from lake.layout import INGESTED
from publish.catalog import PublishedTables
from publish.clock import ForwardCatalog
from publish.errors import PublishFailed, PublishRefused
from publish.store_io import StoreIO
from publish.tables import PublishedTable, published_tables

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


F = TypeVar("F", bound=Callable[..., Any])


def _typed(method: F) -> F:
    """Raise PublishFailed if AWS refuses a request of the method, or does not answer. A commit may
    have succeeded then; the next publication loads the table and decides again."""

    @wraps(method)
    def tried(*arguments: Any, **named: Any) -> Any:
        try:
            return method(*arguments, **named)
        except (ClientError, BotoCoreError) as refusal:
            raise PublishFailed(
                f"The Data Catalog refuses a request: {refusal}. Nothing is lost. To fix: apply"
                " Terraform, which creates the databases and gives the rights, then publish again."
            ) from refusal

    return cast(F, tried)


class GlueTables(PublishedTables):
    """The published tables of a lake in S3, in databases whose names begin with ``prefix``.
    Terraform creates the databases.

    AWS refuses a commit to another version of a table than the current one. Raises PublishFailed
    if AWS refuses a request for another reason.
    """

    def __init__(self, lake: Lake, client: "GlueClient", prefix: str) -> None:
        super().__init__(lake, "The Data Catalog")
        self._client, self._prefix = client, prefix
        self._opened = _Glue(lake, client)

    @property
    def _catalog(self) -> GlueCatalog:
        return self._opened

    def _identifier(self, published: PublishedTable) -> tuple[str, str]:
        return self._database(published.namespace), published.name

    def _database(self, namespace: str) -> str:
        return f"{self._prefix}_published_{namespace}"

    def databases(self) -> dict[str, str]:
        """Return the databases of the tables of the source and of the warehouse."""
        built = f"processed_g{self._lake.generation}"
        return {"ingestion": self._database(INGESTED), "processed": self._database(built)}

    def _create_namespace(self, name: str) -> None:
        """Do nothing: no job has the right to create databases."""

    @_typed
    def _named(self) -> dict[str, str]:
        tables = published_tables(self._lake.generation)
        published = {self._identifier(table): table.identifier for table in tables}
        return {
            published[database, name]: _metadata(name, parameters)
            for database in sorted({database for database, _ in published})
            for name, parameters in self._in(database)
            if (database, name) in published
        }

    def _in(self, database: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Yield name and parameters of each table in a database, which need not exist."""
        pages = self._client.get_paginator("get_tables").paginate(DatabaseName=database)
        try:
            for page in pages:
                for table in page["TableList"]:
                    yield table["Name"], table.get("Parameters", {})
        except self._client.exceptions.EntityNotFoundException:
            return

    @_typed
    def _drop(self) -> None:
        named = self._named()
        for table in published_tables(self._lake.generation):
            if table.identifier in named:
                with suppress(NoSuchTableError):  # another caller was first
                    self._opened.drop_table(self._identifier(table))


def _metadata(name: str, parameters: Mapping[str, str]) -> str:
    """Return the address of a table's current metadata. Raises PublishRefused without one: another
    program made the table."""
    try:
        return parameters["metadata_location"]
    except KeyError:
        raise PublishRefused(
            f"{name} is not an Iceberg table in the Data Catalog: another program made it. Nothing"
            " is changed. To fix: drop or rename it there, then publish again."
        ) from None


class _Glue(ForwardCatalog, GlueCatalog):
    """A catalog whose files are in the stores of the lake."""

    load_table = _typed(GlueCatalog.load_table)
    create_table = _typed(GlueCatalog.create_table)
    commit_table = _typed(GlueCatalog.commit_table)

    def __init__(self, lake: Lake, client: "GlueClient") -> None:
        super().__init__("glue", client)
        self._files = StoreIO(stores=[lake.processed, lake.ingestion])

    def _load_file_io(
        self,
        properties: Properties = EMPTY_DICT,  # noqa: ARG002 - of pyiceberg
        location: str | None = None,  # noqa: ARG002 - of pyiceberg
    ) -> FileIO:
        return self._files
