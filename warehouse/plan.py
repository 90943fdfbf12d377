"""What the warehouse is to be: migrations from their files, views from templates and contracts."""

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
    """What was applied: each migration's checksum then; the last three are None until views
    were made."""

    migrations: Mapping[str, str]
    schema: str | None = None
    contracts: str | None = None
    views: str | None = None


@dataclass(frozen=True)
class Plan:
    """The text of every migration, what keeps the latest versions, every view or function, in the
    order in which they are applied, and the comments on tables."""

    migrations: Mapping[str, str]
    latest: str
    views: Mapping[str, str]
    comments: str
    contracts: str

    @property
    def checksums(self) -> dict[str, str]:
        """The SHA-256 of each migration."""
        return {name: _checksum([text]) for name, text in self.migrations.items()}

    @property
    def views_checksum(self) -> str:
        """The SHA-256 of all views and comments, and of what keeps the latest versions."""
        return _checksum([self.latest, *self.views.values(), self.comments])

    def missing(self, recorded: Recorded, schema: str) -> list[str]:
        """The migrations to apply. Raises MigrationEdited, NewerWarehouse or OtherSchema where
        what was applied is not what we have."""
        if recorded.schema not in (None, schema):
            raise OtherSchema(
                f"This database holds its warehouse in the schema {recorded.schema}, not {schema}."
                f" Name that schema, or another database."
            )
        checksums = self.checksums
        for name, checksum in recorded.migrations.items():
            if name not in checksums:
                raise NewerWarehouse(
                    f"The warehouse has had the migration {name}, which this version does not"
                    " know. Deploy the version that it came with, or a later one."
                )
            if checksum != checksums[name]:
                raise MigrationEdited(
                    f"Migration {name} was edited after it had been applied. Restore"
                    " it as it was, and put the change into a new migration."
                )
        return [name for name in checksums if name not in recorded.migrations]

    def views_differ(self, recorded: Recorded) -> bool:
        """Whether views and comments were made of other templates or other contracts."""
        made = recorded.contracts, recorded.views
        return made != (self.contracts, self.views_checksum)


def plan(warehouse: Warehouse, schema: str = SCHEMA) -> Plan:
    """The plan for a warehouse of these contracts in ``schema``."""
    made = latest_versions(warehouse), views(warehouse, schema), table_comments(warehouse)
    return Plan(_migrations(), *made, warehouse.fingerprint)


def _migrations() -> dict[str, str]:
    folders = files("warehouse") / "migrations", project_folder("migrations")
    paths = (path for folder in folders for path in folder.iterdir())
    sql = sorted((path for path in paths if path.name.endswith(".sql")), key=lambda p: p.name)
    return {path.name: path.read_text(encoding="utf-8") for path in sql}


def _checksum(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
