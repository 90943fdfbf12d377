"""Pages of `docs/`, and the commands on them, typed as they stand there."""

import json
import logging
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from textwrap import dedent
from typing import Any

import pytest

from contracts import PlatformError
from embedded.cli import main

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
PROGRAM = [".venv/bin/python", "-m", "embedded"]

Command = list[str]


@dataclass(frozen=True)
class Page:
    """A page by its path below `docs/`."""

    path: str

    def section(self, heading: str) -> str:
        """The text below a heading, up to the next one of its level."""
        text = (DOCS / self.path).read_text(encoding="utf-8")
        level = heading.index(" ")
        body = rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)"
        found = re.search(body, text, re.DOTALL | re.MULTILINE)
        assert found, f"{self.path} has no section '{heading}'"
        return found[1]

    def blocks(self, language: str, heading: str) -> list[str]:
        """The blocks of code of a language below a heading."""
        found = BLOCK.findall(self.section(heading))
        return [dedent(code) for kind, code in found if kind == language]

    def commands(self, heading: str) -> list[Command]:
        """The words of every command for one machine below a heading, in their order."""
        lines = "".join(self.blocks("sh", heading)).replace("\\\n", " ").splitlines()
        typed = [shlex.split(line, comments=True) for line in lines]
        return [words for words in typed if words[: len(PROGRAM)] == PROGRAM]


@dataclass(frozen=True)
class Ended:
    """How a command ended, what it said, and its last line."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """What the last line tells programs."""
        told: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return told


@dataclass(frozen=True)
class Shell:
    """Somebody who types a page's commands, with the variables that the page speaks of."""

    variables: Mapping[str, str]
    capsys: pytest.CaptureFixture[str]

    def types(self, command: Sequence[str]) -> Ended:
        """Run the command in this process."""
        assert list(command[: len(PROGRAM)]) == PROGRAM
        words = [Template(word).substitute(self.variables) for word in command[len(PROGRAM) :]]
        self.capsys.readouterr()
        try:
            status, traced = main(words), ""
        except PlatformError as error:  # --debug lets it through, and Python prints it
            status, traced = 1, str(error)
        finally:
            logging.basicConfig(handlers=[], force=True)  # it wrote where only this test reads
        told = self.capsys.readouterr()
        return Ended(status, told.out, told.err + traced)
