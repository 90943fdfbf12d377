"""Where the dashboard looks: told by the environment, which the launcher fills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard.errors import NotConfigured
from lake import Lake, open_lake
from lake.local import local_addresses
from postgres import Address, from_dsn

WAREHOUSE = "TOTESYS_WAREHOUSE_DSN"
"""The variable that holds the DSN of a reader of the warehouse."""

SCHEMA = "TOTESYS_WAREHOUSE_SCHEMA"
LAKE = "TOTESYS_LAKE"
"""The variable that holds the addresses of the lake's two stores, with a space between."""

USUAL_SCHEMA = "warehouse"


@dataclass(frozen=True)
class Settings:
    """The warehouse, as one of its readers, and the lake's two stores where they are known."""

    warehouse: Address
    schema: str = USUAL_SCHEMA
    stores: tuple[str, str] | None = None

    @property
    def lake(self) -> Lake | None:
        """The lake in the generation that is in use there. Raises InvalidLake, LakeUnavailable."""
        if not self.stores:
            return None
        return open_lake(*self.stores).in_use()


def from_environment(environ: Mapping[str, str]) -> Settings:
    """What the environment says. Raises NotConfigured or InvalidAddress."""
    dsn = environ.get(WAREHOUSE)
    if not dsn:
        raise NotConfigured(
            f"Nobody has said where the warehouse is. Put the DSN of a reader into {WAREHOUSE}, or"
            " start the dashboard with --warehouse DSN."
        )
    places = environ.get(LAKE, "").split()
    return Settings(
        from_dsn(dsn, environ),
        environ.get(SCHEMA) or USUAL_SCHEMA,
        stores(places) if places else None,
    )


def stores(places: Sequence[str]) -> tuple[str, str]:
    """The addresses of the lake's two stores: those given, or the two folders of a directory.

    Raises NotConfigured.
    """
    match places:
        case [ingestion, processed]:
            return ingestion, processed
        case [folder] if "://" not in folder:
            return local_addresses(Path(folder))
    raise NotConfigured(
        "A lake is a directory, or two addresses: --lake DIR, or --lake s3://INGESTION"
        " s3://PROCESSED."
    )
