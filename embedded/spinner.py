"""Progress on a terminal."""

import logging

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column


class LatestLine(logging.Handler):
    """On a terminal: a sign that work goes on, since when, and the latest that was told of it.
    Warnings stay on the screen."""

    def __init__(self, screen: Console) -> None:
        super().__init__()
        words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
        columns = SpinnerColumn(), TimeElapsedColumn(), words
        self._progress = Progress(*columns, console=screen, transient=True)
        self._task = self._progress.add_task("")
        self._progress.start()

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if record.levelno >= logging.WARNING:
            self._progress.console.print(line, style="yellow", markup=False, highlight=False)
        else:
            self._progress.update(self._task, description=line)

    def close(self) -> None:
        self._progress.stop()
        super().close()


def on_stderr() -> LatestLine:
    """The same on stderr."""
    return LatestLine(Console(stderr=True))
