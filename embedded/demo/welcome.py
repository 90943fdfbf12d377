"""The texts that `up` prints: the addresses, and what happens next."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Protocol

from rich.markup import escape

import contracts
from embedded.demo.pace import Pace
from postgres import Address


class Say(Protocol):
    """Prints a text; with ``soft_wrap`` no line is broken, so that it can be copied."""

    def __call__(self, text: str, /, *, soft_wrap: bool = False) -> object: ...


def welcome(
    say: Say, databases: Sequence[Address], directory: Path, env: Path, pace: Pace, dashboard: str
) -> None:
    """Print the addresses, and what happens next."""
    addresses = "".join(f"{a.database:10} postgresql://{a}\n" for a in databases)
    page = f"{'dashboard':10} [bold]{dashboard}[/]\n" if dashboard else ""
    dimension = contracts.warehouse().dimensions[0].name
    query = " ".join(("select * from", f"{dimension}_history"))
    say(
        f"{addresses}{'lake':10} {escape(str(directory / 'lake'))}\n{page}\nIn another terminal,"
        " for the commands of the documentation:\n"
        f". {escape(quote(str(env)))}\n"
        'psql "$source"\n'
        '.venv/bin/python -m embedded status --warehouse "$warehouse" --lake "$lake"\n'
        f'.venv/bin/python -m embedded query --lake "$lake" "{query}"\n',
        soft_wrap=True,
    )
    say(
        f"About {pace.rate:g} changes a minute at the source, a poll every {pace.every:g} s."
        " Ctrl-C stops everything.\nThe first cycle starts Spark and loads all rows.\n"
        "Rows in a line: + new, ~ changed, - deleted.\n"
    )
