"""A log handler that shows progress on a terminal."""

import logging

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column


class SpinnerHandler(logging.Handler):
    """Spinner with elapsed time and the last log message. Warnings stay on the screen."""

    def __init__(self, screen: Console) -> None:
        super().__init__()
        message = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
        columns = SpinnerColumn(), TimeElapsedColumn(), message
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
