"""Records an execution of a poll or a job as an attempt, whatever its outcome."""

import logging
from collections import deque
from contextvars import ContextVar
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType
from typing import Self

from contracts.errors import PlatformError
from contracts.log_fields import OUR_LOGGERS, extra_fields, format_fields
from contracts.redaction import without_secrets
from lake.attempts import Attempt, Attempts, LogLine
from lake.run import now

MOST_LINES = 200  # the last ones
MOST_CHARACTERS = 2000  # of a message or a line

logger = logging.getLogger(__name__)
_current: ContextVar["Recording | None"] = ContextVar("recording", default=None)


class Recording:
    """A context manager that records its block as an attempt of ``part``.

    The error of the block leaves it unchanged, also if the store refuses the attempt. A block
    that a signal ends is not recorded. The caller may add numbers to ``figures``.
    """

    def __init__(self, attempts: Attempts, part: str, run: str) -> None:
        self._attempts, self._part, self._run = attempts, part, run
        self.figures = dict[str, float]()

    def __enter__(self) -> Self:
        self._started_at, self._start = now(), perf_counter()
        self._log = _Lines(self)
        for name in OUR_LOGGERS:
            logging.getLogger(name).addHandler(self._log)
        self._token = _current.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _current.reset(self._token)
        for name in OUR_LOGGERS:
            logging.getLogger(name).removeHandler(self._log)
        if error is None or isinstance(error, Exception):
            self._write(error)

    def _write(self, error: Exception | None) -> None:
        """Write the attempt. A refusal by the store is logged, and never replaces the error of the
        block."""
        try:
            self._attempts.record(self._attempt(error))
        except PlatformError:
            logger.exception("the attempt was not recorded", extra={"part": self._part})

    def _attempt(self, error: Exception | None) -> Attempt:
        return Attempt(
            part=self._part,
            run=self._run,
            started_at=self._started_at,
            seconds=round(perf_counter() - self._start, 3),
            outcome="failed" if error else "succeeded",
            error=type(error).__name__ if error else "",
            message=_redacted(str(error)) if isinstance(error, PlatformError) else "",
            figures=self.figures,
            lines=tuple(self._log.lines),
        )


class _Lines(logging.Handler):
    """Keeps the messages that are logged within the block of a recording."""

    def __init__(self, owner: Recording) -> None:
        super().__init__(logging.INFO)
        self._owner = owner
        self.lines = deque[LogLine](maxlen=MOST_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        if _current.get() is self._owner:
            at = datetime.fromtimestamp(record.created, UTC)
            text = f"{record.getMessage()}  {format_fields(extra_fields(record))}".rstrip()
            self.lines.append(LogLine(at, record.levelname, _redacted(text)))


def _redacted(text: str) -> str:
    """Return the text as an object can hold it: a path can have bytes that are not UTF-8."""
    shown = without_secrets(text)[:MOST_CHARACTERS]
    return shown.encode(errors="backslashreplace").decode()
