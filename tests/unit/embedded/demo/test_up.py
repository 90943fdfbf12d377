"""The text that `up` prints at its start."""

import shlex
from pathlib import Path

import pytest
from rich.console import Console

from embedded.demo.up import Pace, welcome
from postgres import from_dsn

DATABASES = [from_dsn(f"postgresql://postgres:x@127.0.0.1:5432/{name}") for name in ("a", "b")]
LONG = Path("/home/user/" + "a-long-name-of-a-folder/" * 4)


def welcome_lines(directory: Path) -> list[str]:
    """Return the lines on a terminal of 100 columns."""
    console = Console(width=100, highlight=False)
    with console.capture() as captured:
        welcome(console.print, DATABASES, directory, Pace(30, 20), "http://127.0.0.1:8501")
    return captured.get().splitlines()


@pytest.mark.parametrize("directory", [Path(".totesys"), LONG, LONG / "it's [red] mine"])
def test_command_to_copy_is_on_one_line(directory: Path):
    [command] = [line for line in welcome_lines(directory) if "PGPASSWORD" in line]
    assert command.startswith('export PGPASSWORD="$(cat ')
    inside = command.removeprefix('export PGPASSWORD="$(').removesuffix(')"')
    assert shlex.split(inside) == ["cat", str(directory / "postgresql" / "password")]


def test_addresses_and_folders_to_copy_are_on_one_line():
    lines = welcome_lines(LONG)
    assert f"lake       {LONG}/lake" in lines
    assert "dashboard  http://127.0.0.1:8501" in lines


def test_signs_in_the_lines_of_cycles_are_explained():
    assert "+ new, ~ changed, - deleted" in "\n".join(welcome_lines(Path(".totesys")))
