"""Log events of the platform's parts, formatted as lines for people."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contracts.log_fields import OUR_LOGGERS, format_fields
from contracts.redaction import without_secrets

FRAME = frozenset({
    "level", "location", "logger", "message", "name", "time", "timestamp", "service", "run",
    "cold_start", "correlation_id", "xray_trace_id", "exception", "exception_name", "stack_trace",
})  # fmt: skip
"""Fields of the log format itself, in Powertools' names or the jobs'."""
LAMBDA_FIELD = "function_"

RUNTIME = re.compile(
    r"(?:START|END|INIT_START|REPORT) (?!.*\bStatus: )|To adjust logging level", re.DOTALL
)
LEVEL = re.compile(r"\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b")
LEVEL_WITHIN = 60  # characters at the start of a line
ROUTINE = ("TRACE", "DEBUG", "INFO", "WARN")  # Python logs WARNING; WARN comes from Spark, often


@dataclass(frozen=True)
class Line:
    """A log message of a part. ``is_ours`` is False for routine messages of Lambda, Glue and Spark;
    ``more`` has the lines that follow, such as a traceback."""

    at: datetime
    part: str
    level: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    more: str = ""
    is_ours: bool = True

    def __str__(self) -> str:
        text = f"{self.message}  {format_fields(self.fields)}".rstrip()
        line = f"{self.at:%m-%d %H:%M:%S} {self.part:11} {self.level:8} {text}"
        return without_secrets("\n    ".join([line, *self.more.splitlines()]))


def read_line(milliseconds: int, part: str, text: str) -> Line:
    """Return the line of a log event in CloudWatch."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    document = _document(text)
    if document is None:
        return _plain(at, part, text.strip())
    if "_aws" in document:  # metrics; CloudWatch shows them better
        return Line(at, part, "", "metrics", document, is_ours=False)
    if "detail-type" in document:
        return _event(at, part, document.get("detail"))
    fields = {
        name: value
        for name, value in document.items()
        if name not in FRAME and not name.startswith(LAMBDA_FIELD)
    }
    more = str(document.get("exception") or "")
    message, level = str(document.get("message", "")), str(document.get("level", ""))
    return Line(at, part, level, message, fields, more, level not in ROUTINE or _is_ours(document))


def _document(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _is_ours(document: Mapping[str, Any]) -> bool:
    """Return True if the logger is one of OUR_LOGGERS, or is not named."""
    logger = str(document.get("logger") or document.get("name") or OUR_LOGGERS[0])
    return logger.partition(".")[0] in OUR_LOGGERS


def _plain(at: datetime, part: str, text: str) -> Line:
    """Return the line of a text from Lambda, Spark or a traceback."""
    message, _, more = text.partition("\n")
    match = LEVEL.search(message[:LEVEL_WITHIN])
    level = match[1] if match else ""
    is_ours = bool(text) and level not in ROUTINE and not RUNTIME.match(text)
    return Line(at, part, level, message, more=more, is_ours=is_ours)


def _event(at: datetime, part: str, detail: Any) -> Line:
    """Return the line of EventBridge's event for a failed job."""
    values = detail if isinstance(detail, dict) else {"message": detail}
    fields = {"job": values.get("jobName"), "state": values.get("state")}
    return Line(at, part, str(values.get("severity", "")), str(values.get("message", "")), fields)
