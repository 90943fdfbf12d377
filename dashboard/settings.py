"""The addresses of the warehouse and the lake, from the environment variables that the launcher
sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.project import PROJECT
from dashboard.errors import NotConfigured
from lake import Lake, open_lake
from lake.local import local_addresses
from operations.deployment import Deployment, named
from postgres import Address, from_dsn

WAREHOUSE = f"{PROJECT.upper()}_WAREHOUSE_DSN"
"""The variable with the DSN of a reader of the warehouse."""

SCHEMA = f"{PROJECT.upper()}_WAREHOUSE_SCHEMA"
LAKE = f"{PROJECT.upper()}_LAKE"
"""The variable with the addresses of the lake's two stores, separated by a space."""

EVERY = f"{PROJECT.upper()}_POLL_EVERY"
"""The variable with the seconds from one poll to the next."""

DEPLOYMENT = f"{PROJECT.upper()}_DEPLOYMENT"
"""The variable with the prefix of a deployment's names in AWS."""

DEFAULT_SCHEMA = "warehouse"
DEFAULT_EVERY = 300.0


@dataclass(frozen=True)
class Settings:
    """The address of the warehouse for one of its readers, and the lake's two stores if known.

    Polls follow each other after ``every`` seconds. For a ``deployment`` in AWS, its alarms and its
    schedule say when polls are missing.
    """

    warehouse: Address
    schema: str = DEFAULT_SCHEMA
    stores: tuple[str, str] | None = None
    every: float = DEFAULT_EVERY
    deployment: Deployment | None = None

    @property
    def lake(self) -> Lake | None:
        """The lake in its active generation. Raises InvalidLake, LakeUnavailable."""
        if not self.stores:
            return None
        return open_lake(*self.stores).in_use()


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Return the settings in the environment. Raises NotConfigured, InvalidAddress, or
    InvalidQuestion for a deployment without a region."""
    dsn = environ.get(WAREHOUSE)
    if not dsn:
        raise NotConfigured(
            "The address of the warehouse is not configured. To fix: set"
            f" {WAREHOUSE} to the DSN of a reader, or start the dashboard with --warehouse DSN."
        )
    addresses, deployment = environ.get(LAKE, "").split(), environ.get(DEPLOYMENT)
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", "")
    return Settings(
        from_dsn(dsn, environ),
        environ.get(SCHEMA) or DEFAULT_SCHEMA,
        stores(addresses) if addresses else None,
        poll_interval(environ),
        named(deployment, region) if deployment else None,
    )


def poll_interval(environ: Mapping[str, str]) -> float:
    """Return the seconds from one poll to the next. Raises NotConfigured."""
    text = environ.get(EVERY)
    try:
        return float(text or DEFAULT_EVERY)
    except ValueError:
        raise NotConfigured(
            f"{EVERY} is {text!r}. To fix: set it to the seconds from one poll to the next."
        ) from None


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
