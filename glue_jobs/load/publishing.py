"""Publishing what a load brought to the warehouse, as Iceberg tables of the Data Catalog."""

import logging
from typing import TYPE_CHECKING

from contracts.errors import PlatformError
from glue_jobs.time_limit import TimeLimit
from lake import Lake
from lake.publishing import is_due

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

CHUNK_SECONDS = 60.0
"""A commit of 1,000 files to each table ends within that time, by estimate; half of the limit of a
job is enough for fewer."""

logger = logging.getLogger(__name__)


def publish_loaded(lake: Lake, glue: "GlueClient", prefix: str, limit: TimeLimit) -> str:
    """Publish what the warehouse has and the tables do not have yet, as far as the time of the job
    allows, and return the reason if that failed, otherwise ''. The next run continues."""
    try:
        if not is_due(lake):
            return ""
    except PlatformError as error:  # the load has succeeded
        logger.error("publishing failed", extra={"reason": str(error)})
        return str(error)
    # a run that has nothing to publish does not import pyiceberg
    from publish.after_load import publish_after_load
    from publish.glue_catalog import GlueTables

    needed = min(CHUNK_SECONDS, limit.seconds / 2)
    tables = GlueTables(lake, glue, prefix)
    return publish_after_load(lake, tables, lambda: limit.left > needed)
