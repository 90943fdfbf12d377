"""The log of a job: one JSON object per line, on stdout."""

import json
import logging
import sys
from datetime import UTC, datetime

from contracts.log_fields import extra_fields


class JsonLines(logging.Formatter):
    """Formats a record, with every key of its ``extra``, as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON object. Values that JSON does not know become text."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= extra_fields(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def to_stdout() -> None:
    """Log to stdout, which Glue sends to CloudWatch."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("py4j").setLevel(logging.WARNING)  # it logs every call at INFO
