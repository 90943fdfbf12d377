"""Publishing after a load."""

import logging
from collections.abc import Callable

from contracts.errors import PlatformError
from lake import Lake, new_run
from lake.attempts import PUBLISH
from lake.recording import Recording
from publish.catalog import PublishedTables
from publish.publisher import publish

logger = logging.getLogger(__name__)


def publish_after_load(
    lake: Lake, catalog: PublishedTables, has_time: Callable[[], bool] = lambda: True
) -> str:
    """Publish what the warehouse has, record it as an attempt, and return the reason if it failed,
    otherwise ''. A failure is logged and fails no load: the tables lag until a later run has
    published. An error without a type of the platform is a defect, and leaves unchanged."""
    try:
        with Recording(lake.attempts, PUBLISH, new_run()):
            publish(lake, catalog, has_time)
    except PlatformError as error:
        logger.error("publishing failed", extra={"reason": str(error)})
        return str(error)
    return ""
