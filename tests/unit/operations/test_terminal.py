"""Log lines on a terminal of 100 columns, and in a pipe."""

import io
from datetime import UTC, datetime

from rich.console import Console

from operations.log_lines import Line
from operations.terminal import show_line

LINE = Line(
    datetime(2024, 11, 15, 9, 30, tzinfo=UTC),
    "poll",
    "ERROR",
    "the batch [of] today failed",
    {"reason": "word " * 30, "path": "x" * 120},
    "Traceback:\n  File",
)


def printed(*, is_terminal: bool) -> list[str]:
    screen = Console(file=io.StringIO(), width=100, force_terminal=is_terminal, no_color=True)
    show_line(screen, LINE)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()


def test_log_line_is_wrapped_and_indented_on_a_terminal():
    first, *more, traceback, frame = printed(is_terminal=True)
    assert first.startswith("11-15 09:30:00 poll        ERROR    the batch [of] today failed")
    assert (traceback, frame) == ("    Traceback:", "      File")
    assert len(more) > 2
    assert all(line.startswith(" " * 8) for line in more)
    assert max(map(len, [first, *more])) <= 100


def test_log_line_is_not_wrapped_in_a_pipe():
    first, *traceback = printed(is_terminal=False)
    assert first.endswith("x" * 120)
    assert len(traceback) == 2
