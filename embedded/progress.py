"""Progress on stderr while a command runs, from the platform's log records."""

import logging
import sys

from contracts.log_fields import OUR_LOGGERS, extra_fields, format_fields

OWN = (*OUR_LOGGERS, "embedded")


class ProgressFormatter(logging.Formatter):
    """Formats a record as a line: time, message and fields."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {k: v for k, v in extra_fields(record).items() if k != "run"}
        text = format_fields(fields)
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.getMessage()}  {text}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def show_progress(everything: bool = False) -> None:
    """Show log messages on stderr: on a terminal the latest one beside a spinner, otherwise line by
    line. ``everything`` adds the logs of libraries."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if sys.stderr.isatty() and not everything:
        from rich.console import Console  # noqa: PLC0415 - Rich takes time to load

        from embedded.spinner import SpinnerHandler  # noqa: PLC0415 - as above

        handler = SpinnerHandler(Console(stderr=True))
    handler.setFormatter(ProgressFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def log_steps(everything: bool = False) -> None:
    """Log what the platform does, so that attempts contain it; ``everything`` adds debug
    messages."""
    for name in OWN:
        logging.getLogger(name).setLevel(logging.DEBUG if everything else logging.INFO)


def finish_progress() -> None:
    """Remove the spinner, so that the result can be printed."""
    for handler in logging.getLogger().handlers:
        handler.close()  # a handler that writes lines keeps working
