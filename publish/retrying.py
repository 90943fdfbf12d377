"""Repeat a commit that another publisher was faster with."""

import logging
import time
import zlib
from collections.abc import Callable
from typing import TypeVar

from pyiceberg.exceptions import (
    NoSuchNamespaceError,
    RESTError,
    ValidationError,
    ValidationException,
)

from publish.catalog import Conflict
from publish.errors import PublishFailed
from publish.tables import PublishedTable

ATTEMPTS = 20  # of a commit that loses against other publishers
PAUSE = 0.03  # seconds, longer after each attempt

DAMAGED = (EOFError, ValueError, zlib.error)
"""Errors of pyiceberg's decoder for a damaged manifest."""

FAILURES = (NoSuchNamespaceError, RESTError, ValidationError, ValidationException, *DAMAGED)
"""Errors of pyiceberg that no repetition ends. Those of conflicts are in `publish.catalog`."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


def until_it_succeeds(published: PublishedTable, decide_and_commit: Callable[[], T]) -> T:
    """Return the result of a function that loads the table, decides what it needs and commits it.
    It is called again after a Conflict. Raises PublishFailed, also for an error of pyiceberg."""
    reason = ""
    for attempt in range(ATTEMPTS):
        time.sleep(PAUSE * attempt)
        try:
            return decide_and_commit()
        except Conflict as conflict:
            reason = str(conflict)
            logger.info("publishing again", extra={"table": published.identifier, "reason": reason})
        except FAILURES as failure:
            raise PublishFailed(
                f"{published.identifier} could not be changed: {type(failure).__name__}: {failure}."
                " Nothing is lost. To fix: if a database of the Data Catalog is missing, apply"
                " Terraform; otherwise publish everything again."
            ) from failure
    raise PublishFailed(
        f"{published.identifier} could not be changed in {ATTEMPTS} attempts: {reason}. Nothing"
        " is lost. To fix: if other publishers were first, publish again later."
    )
