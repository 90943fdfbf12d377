"""The fields of log records, and how they are written as text."""

import logging
from collections.abc import Mapping
from typing import Any

from contracts.redaction import names_a_secret

OUR_LOGGERS = (
    "contracts", "glue_jobs", "ingestion_lambda", "lake", "postgres", "publish", "warehouse",
)  # fmt: skip
"""The packages whose log messages describe the work of polls and jobs."""

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""Fields that every record has."""


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that the caller added to the record with ``extra``."""
    return {name: value for name, value in vars(record).items() if name not in STANDARD}


def format_fields(fields: Mapping[str, Any]) -> str:
    """Return the fields of a message as ``name=value``, without those that are empty or 0."""
    return "  ".join(f"{name}={_short(name, value)}" for name, value in fields.items() if value)


def _short(name: str, value: object) -> str:
    """Format a value: counts without the zeros, secrets hidden."""
    if names_a_secret(name):
        return "***"
    if isinstance(value, dict):
        inner = {key: _short(str(key), part) for key, part in value.items() if part}
        return "{" + ", ".join(f"{key}: {part}" for key, part in inner.items()) + "}"
    return str(value)
