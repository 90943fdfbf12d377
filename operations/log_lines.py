"""What the parts of the platform log, as lines for people."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from operations.redaction import names_a_secret, without_secrets

FRAME = frozenset({
    "level", "location", "logger", "message", "name", "time", "timestamp", "service", "run",
    "cold_start", "correlation_id", "xray_trace_id", "exception", "exception_name", "stack_trace",
})  # fmt: skip
"""Fields that frame a message, in Powertools' spelling or ours, or that say it twice."""
OF_LAMBDA = "function_"

OUR_LOGGERS = ("contracts", "glue_jobs", "ingestion_lambda", "lake", "postgres", "warehouse")
OF_THE_RUNTIME = re.compile(
    r"(?:START|END|INIT_START|REPORT) (?!.*\bStatus: )|To adjust logging level", re.DOTALL
)
LEVEL = re.compile(r"\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b")
LEVEL_WITHIN = 60  # characters, in which other programs name it
CHATTER = ("TRACE", "DEBUG", "INFO", "WARN")  # Python says WARNING; Spark warns of nothing, often


@dataclass(frozen=True)
class Line:
    """Something that a part logged. ``is_ours`` is False for what Lambda, Glue and Spark say of
    themselves while all is well; ``more`` are lines that follow, such as a traceback."""

    at: datetime
    part: str
    level: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    more: str = ""
    is_ours: bool = True

    def __str__(self) -> str:
        told = f"{self.message}  {told_fields(self.fields)}".rstrip()
        line = f"{self.at:%m-%d %H:%M:%S} {self.part:11} {self.level:8} {told}"
        return without_secrets("\n    ".join([line, *self.more.splitlines()]))


def read_line(milliseconds: int, part: str, text: str) -> Line:
    """The line that CloudWatch Logs has in an event."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    document = _document(text)
    if document is None:
        return _plain(at, part, text.strip())
    if "_aws" in document:  # metrics, which CloudWatch shows better
        return Line(at, part, "", "metrics", document, is_ours=False)
    if "detail-type" in document:
        return _event(at, part, document.get("detail"))
    fields = {
        name: value
        for name, value in document.items()
        if name not in FRAME and not name.startswith(OF_LAMBDA)
    }
    more = str(document.get("exception") or "")
    message, level = str(document.get("message", "")), str(document.get("level", ""))
    return Line(at, part, level, message, fields, more, level not in CHATTER or _is_ours(document))


def told_fields(fields: Mapping[str, Any]) -> str:
    """What a message is about: names and values; what is empty or 0 goes without saying."""
    return "  ".join(f"{name}={_short(name, value)}" for name, value in fields.items() if value)


def _document(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _is_ours(document: Mapping[str, Any]) -> bool:
    """Whether one of our loggers wrote it, or one that does not say its name."""
    logger = str(document.get("logger") or document.get("name") or OUR_LOGGERS[0])
    return logger.partition(".")[0] in OUR_LOGGERS


def _plain(at: datetime, part: str, text: str) -> Line:
    """What Lambda, Spark or a traceback says."""
    message, _, more = text.partition("\n")
    found = LEVEL.search(message[:LEVEL_WITHIN])
    level = found[1] if found else ""
    said = bool(text) and level not in CHATTER and not OF_THE_RUNTIME.match(text)
    return Line(at, part, level, message, more=more, is_ours=said)


def _event(at: datetime, part: str, detail: Any) -> Line:
    """What EventBridge tells of a job that failed."""
    known = detail if isinstance(detail, dict) else {"message": detail}
    fields = {"job": known.get("jobName"), "state": known.get("state")}
    return Line(at, part, str(known.get("severity", "")), str(known.get("message", "")), fields)


def _short(name: str, value: object) -> str:
    """Counts of rows without the zeros, everything else as it is but for secrets."""
    if names_a_secret(name):
        return "***"
    if isinstance(value, dict):
        inner = {key: _short(str(key), part) for key, part in value.items() if part}
        return "{" + ", ".join(f"{key}: {part}" for key, part in inner.items()) + "}"
    return str(value)
