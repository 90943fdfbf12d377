"""The published tables of a lake on this machine, and Athena on them."""

from string import Template
from urllib.parse import urlsplit

from artifacts.athena import athena_views
from lake import Lake
from publish.local_catalog import LocalCatalog
from publish.publisher import publish
from publish.tables import published_tables
from tests.athena.engine import Athena, iceberg_table

VIEWS = "test"
INGESTION, PROCESSED = "test_published_ingestion", "test_published_processed_g1"


def athena(lake: Lake) -> Athena:
    """Publish the lake, and return Athena on its tables and views, in the databases ``test…``."""
    catalog = LocalCatalog(lake)
    publish(lake, catalog)
    engine = Athena(
        iceberg_table(
            f"test_published_{published.namespace}",
            published.name,
            catalog.table(published),
            lambda address: urlsplit(address).path,
        )
        for published in published_tables(lake.generation)
    )
    for name, select in athena_views().items():
        text = Template(select).substitute(ingestion=INGESTION, processed=PROCESSED)
        engine.create_view(VIEWS, name, text)
    return engine
