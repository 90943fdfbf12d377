"""The target state of a warehouse: migrations from files, views from templates and contracts."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from contracts import Warehouse
from contracts.project import project_folder
from warehouse.comments import table_comments
from warehouse.errors import MigrationEdited, NewerWarehouse, OtherSchema
from warehouse.latest_versions import latest_versions
from warehouse.templates import views

SCHEMA = "warehouse"


@dataclass(frozen=True)
class Recorded:
    """The applied migrations with their checksums; the other fields are None until the views are
    created."""

    migrations: Mapping[str, str]
    schema: str | None = None
    contracts: str | None = None
    views: str | None = None


@dataclass(frozen=True)
class Plan:
    """The statements in the order in which they are applied: migrations, tables with the latest
    versions, views and functions, comments on tables."""

    migrations: Mapping[str, str]
    latest: str
    views: Mapping[str, str]
    comments: str
    contracts: str

    @property
    def checksums(self) -> dict[str, str]:
        """Return the SHA-256 of each migration."""
        return {name: _checksum([text]) for name, text in self.migrations.items()}

    @property
    def views_checksum(self) -> str:
        """Return one SHA-256 of the tables with the latest versions, views and comments."""
        return _checksum([self.latest, *self.views.values(), self.comments])

    def missing(self, recorded: Recorded, schema: str) -> list[str]:
        """Return the names of the migrations to apply. Raises MigrationEdited, NewerWarehouse or
        OtherSchema if the applied migrations or the schema differ from this plan."""
        if recorded.schema not in (None, schema):
            raise OtherSchema(
                f"This database has its warehouse in the schema {recorded.schema}, not {schema}. To"
                f" fix: pass --schema {recorded.schema}, or use another database."
            )
        checksums = self.checksums
        for name, checksum in recorded.migrations.items():
            if name not in checksums:
                raise NewerWarehouse(
                    f"The warehouse has the migration {name}, which this version does not have. To"
                    " fix: deploy the version that added it, or a later one."
                )
            if checksum != checksums[name]:
                raise MigrationEdited(
                    f"Migration {name} was edited after it had been applied. To fix: restore the"
                    " file, and put the change into a new migration."
                )
        return [name for name in checksums if name not in recorded.migrations]

    def views_differ(self, recorded: Recorded) -> bool:
        """Return whether views and comments come from other templates or contracts."""
        return (recorded.contracts, recorded.views) != (self.contracts, self.views_checksum)


def plan(warehouse: Warehouse, schema: str = SCHEMA) -> Plan:
    """Return the plan for a warehouse with these contracts in ``schema``."""
    return Plan(
        _migrations(),
        latest_versions(warehouse),
        views(warehouse, schema),
        table_comments(warehouse),
        warehouse.fingerprint,
    )


def _migrations() -> dict[str, str]:
    """Return the migrations of the engine and the project, merged in the order of their names."""
    folders = files("warehouse") / "migrations", project_folder("migrations")
    paths = (path for folder in folders for path in folder.iterdir())
    sql = sorted((path for path in paths if path.name.endswith(".sql")), key=lambda p: p.name)
    return {path.name: path.read_text(encoding="utf-8") for path in sql}


def _checksum(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
