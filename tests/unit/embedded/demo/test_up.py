"""The text that `up` prints at its start."""

import shlex
import stat
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from contracts import PlatformError
from embedded.demo import cycles
from embedded.demo.cycles import Cycles, _summary
from embedded.demo.env_file import write_env
from embedded.demo.pace import Pace
from embedded.demo.welcome import welcome
from embedded.platform import Platform
from embedded.server import Server
from postgres import from_dsn

DATABASES = [from_dsn(f"postgresql://postgres:x@127.0.0.1:5432/{name}") for name in ("a", "b")]
LONG = Path("/home/user/" + "a-long-name-of-a-folder/" * 4)


def welcome_lines(directory: Path) -> list[str]:
    """Return the lines on a terminal of 100 columns."""
    console = Console(width=100, highlight=False)
    with console.capture() as captured:
        env, address = directory / "env.sh", "http://127.0.0.1:8501"
        welcome(console.print, DATABASES, directory, env, Pace(30, 20), address)
    return captured.get().splitlines()


@pytest.mark.parametrize("directory", [Path(".totesys"), LONG, LONG / "it's [red] mine"])
def test_command_to_copy_is_on_one_line(directory: Path):
    [command] = [line for line in welcome_lines(directory) if line.startswith(". ")]
    assert shlex.split(command) == [".", str(directory / "env.sh")]


def test_variables_of_the_documentation_are_in_a_file_of_the_owner(tmp_path: Path):
    source = "postgresql://postgres:it's@127.0.0.1:5432/a"
    file = write_env(tmp_path, source, source.replace("/a", "/b"), 20)
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    names = '"$source" "$warehouse" "$lake" "$TOTESYS_POLL_EVERY"'
    shown = f'. {shlex.quote(str(file))}; printf "%s %s %s %s" {names}'
    shell = subprocess.run(["sh", "-c", shown], capture_output=True, check=True, text=True)
    assert shell.stdout.split() == [
        source,
        source.replace("/a", "/b"),
        str(tmp_path / "lake"),
        "20",
    ]


@pytest.mark.parametrize(
    ("seq", "changes", "text"),
    [
        (1, [], "the first rows"),
        (7, [], "changes from before this start"),
        (7, ["one", "two"], "2 changes"),
    ],
)
def test_batch_is_called_the_first_rows_only_if_it_is_the_first(
    seq: int, changes: list[str], text: str
):
    assert _summary(seq, changes, None) == text


class Writer:
    """Returns the given changes, one after another."""

    def __init__(self, *changes: tuple[list[str], float | None]) -> None:
        self._changes = [*changes]

    def take(self) -> tuple[list[str], float | None]:
        return self._changes.pop(0)


def test_changes_of_a_failed_cycle_are_counted_when_they_are_visible(
    monkeypatch: pytest.MonkeyPatch,
):
    outcomes = iter([PlatformError("down."), None, None, None])

    def cycle(*_: object) -> None:
        if error := next(outcomes):
            raise error

    monkeypatch.setattr(Platform, "cycle", cycle)
    reasons = iter(["The disk is full.", "", ""])
    monkeypatch.setattr(Platform, "publish", lambda _: next(reasons))
    refusals = iter(["An erasure has not ended.", ""])
    monkeypatch.setattr(Platform, "compact", lambda _: next(refusals))
    report = {"seq": 7, "changes": {}, "quarantined": 0}
    monkeypatch.setattr(Platform, "report", lambda _: report)
    monkeypatch.setattr(cycles, "monotonic", lambda: 100.0)
    writer = Writer((["one"], 40.0), (["two"], 99.0), ([], None), ([], None))
    this = Cycles(Server(1, ""), Platform(Path("lake")), writer, Pace(30, 20), Console().print)
    lines = ([*this._cycle()] for _ in range(4))
    [failed], [visible, unpublished], [_, refused], [quiet] = lines
    assert "down. The next cycle tries again." in failed
    assert "2 changes, the oldest visible after 60.0 s" in visible
    assert "not published[/]: The disk is full. The next cycle tries again." in unpublished
    assert "not compacted[/]: An erasure has not ended. A later cycle tries" in refused
    assert quiet == "batch 7   no changes"


def test_addresses_and_folders_to_copy_are_on_one_line():
    lines = welcome_lines(LONG)
    assert f"lake       {LONG}/lake" in lines
    assert "dashboard  http://127.0.0.1:8501" in lines


def test_signs_in_the_lines_of_cycles_are_explained():
    assert "+ new, ~ changed, - deleted" in "\n".join(welcome_lines(Path(".totesys")))


def test_welcome_says_how_to_query_the_lake():
    [command] = [line for line in welcome_lines(Path(".totesys")) if " query " in line]
    assert '--lake "$lake" "select * from dim_counterparty_history"' in command
