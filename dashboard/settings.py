"""The addresses of the warehouse and the lake, from the environment variables that the launcher
sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.project import PROJECT
from dashboard.errors import NotConfigured
from lake import Lake, open_lake
from lake.local import local_addresses
from postgres import Address, from_dsn

WAREHOUSE = f"{PROJECT.upper()}_WAREHOUSE_DSN"
"""The variable with the DSN of a reader of the warehouse."""

SCHEMA = f"{PROJECT.upper()}_WAREHOUSE_SCHEMA"
LAKE = f"{PROJECT.upper()}_LAKE"
"""The variable with the addresses of the lake's two stores, separated by a space."""

DEFAULT_SCHEMA = "warehouse"


@dataclass(frozen=True)
class Settings:
    """The address of the warehouse for one of its readers, and the lake's two stores if known."""

    warehouse: Address
    schema: str = DEFAULT_SCHEMA
    stores: tuple[str, str] | None = None

    @property
    def lake(self) -> Lake | None:
        """The lake in its active generation. Raises InvalidLake, LakeUnavailable."""
        if not self.stores:
            return None
        return open_lake(*self.stores).in_use()


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Return the settings in the environment. Raises NotConfigured or InvalidAddress."""
    dsn = environ.get(WAREHOUSE)
    if not dsn:
        raise NotConfigured(
            "The address of the warehouse is not configured. To fix: set"
            f" {WAREHOUSE} to the DSN of a reader, or start the dashboard with --warehouse DSN."
        )
    addresses = environ.get(LAKE, "").split()
    return Settings(
        from_dsn(dsn, environ),
        environ.get(SCHEMA) or DEFAULT_SCHEMA,
        stores(addresses) if addresses else None,
    )


def stores(addresses: Sequence[str]) -> tuple[str, str]:
    """Return the addresses of the lake's two stores, or the two folders in a directory.

    Raises NotConfigured.
    """
    match addresses:
        case [ingestion, processed]:
            return ingestion, processed
        case [folder] if "://" not in folder:
            return local_addresses(Path(folder))
    raise NotConfigured(
        f"The lake must be one directory or two buckets, not {' '.join(addresses) or 'empty'}."
        " To fix: pass --lake DIR, or --lake s3://INGESTION s3://PROCESSED."
    )
