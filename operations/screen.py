"""The style of all screens: at most 100 columns wide, and readable at 80."""

from rich import box
from rich.console import Console
from rich.table import Table

WIDTH = 100  # columns of a terminal
RED, YELLOW = "bold red", "yellow"


def console() -> Console:
    """Return a console for stdout, at most 100 columns wide."""
    return Console(width=min(WIDTH, Console().width), highlight=False)


def section(title: str) -> Table:
    """Return an empty table in the style of all screens."""
    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", expand=True)
