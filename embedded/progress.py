"""What the platform says while it works, for a person at a terminal."""

import logging
import sys

from operations.log_lines import told_fields

OWN = ("ingestion_lambda", "glue_jobs", "warehouse", "embedded", "lake")
STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class Sentences(logging.Formatter):
    """A line a happening: time, words, and what they are about."""

    def format(self, record: logging.LogRecord) -> str:
        about = {k: v for k, v in record.__dict__.items() if k not in STANDARD and k != "run"}
        told = told_fields(about)
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.getMessage()}  {told}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def show_progress(everything: bool = False) -> None:
    """Tell on stderr what goes on: on a terminal the latest of it, elsewhere, or with
    ``everything``, line by line and with that the libraries' log too."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if sys.stderr.isatty() and not everything:
        from embedded.spinner import on_stderr  # noqa: PLC0415 - Rich takes time to load

        handler = on_stderr()
    handler.setFormatter(Sentences())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in OWN:
        logging.getLogger(name).setLevel(logging.DEBUG if everything else logging.INFO)


def finish_progress() -> None:
    """Leave the screen to what was found."""
    for handler in logging.getLogger().handlers:
        handler.close()  # one that writes lines goes on writing
