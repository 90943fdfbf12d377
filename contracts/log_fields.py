"""The fields of log records."""

import logging
from typing import Any

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""Fields that every record has."""


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that the caller added to the record with ``extra``."""
    return {name: value for name, value in vars(record).items() if name not in STANDARD}
