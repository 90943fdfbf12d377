"""Pages of `docs/`, and a shell that runs the commands on them."""

import ast
import json
import logging
import operator
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from string import Template
from textwrap import dedent
from typing import Any

import pytest

from contracts import PlatformError
from embedded.cli import main

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
TIMES = "\N{MULTIPLICATION SIGN}"
PROGRAM = [".venv/bin/python", "-m", "embedded"]

Command = list[str]


@dataclass(frozen=True)
class Page:
    """A page by its path below `docs/`."""

    path: str

    def section(self, heading: str) -> str:
        """Return the text below a heading, up to the next heading of its level."""
        text = (DOCS / self.path).read_text(encoding="utf-8")
        text = BLOCK.sub(lambda block: block[0].replace("\n#", "\n\0#"), text)  # no headings
        level = heading.index(" ")
        body = rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)"
        section = re.search(body, text, re.DOTALL | re.MULTILINE)
        assert section, f"{self.path} has no section '{heading}'"
        return section[1].replace("\0", "")

    def blocks(self, language: str, heading: str) -> list[str]:
        """Return the code blocks of a language below a heading."""
        blocks = BLOCK.findall(self.section(heading))
        return [dedent(code) for kind, code in blocks if kind == language]

    def rows(self, heading: str) -> list[list[str]]:
        """Return the cells of the tables below a heading, without the header rows. The
        multiplication sign is replaced by x."""
        lines = re.findall(r"^\|(.*)\|$", self.section(heading), re.MULTILINE)
        cells = [[cell.strip().replace(TIMES, "x") for cell in line.split("|")] for line in lines]
        ruled = {n for n, row in enumerate(cells) if set(row[0]) == {"-"}}
        return [row for n, row in enumerate(cells) if not {n, n + 1} & ruled]

    def commands(self, heading: str) -> list[Command]:
        """Return the words of every command for one machine below a heading, in order."""
        lines = "".join(self.blocks("sh", heading)).replace("\\\n", " ").splitlines()
        commands = [shlex.split(line, comments=True) for line in lines]
        return [words for words in commands if words[: len(PROGRAM)] == PROGRAM]


@dataclass(frozen=True)
class Ended:
    """The exit status and the output of a command."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """Return the JSON of the last line on stdout."""
        report: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return report


@dataclass(frozen=True)
class Shell:
    """Runs the commands of a page, with the variables that the page uses."""

    variables: Mapping[str, str]
    capsys: pytest.CaptureFixture[str]

    def types(self, command: Sequence[str]) -> Ended:
        """Run the command in this process."""
        assert list(command[: len(PROGRAM)]) == PROGRAM
        words = [Template(word).substitute(self.variables) for word in command[len(PROGRAM) :]]
        self.capsys.readouterr()
        try:
            status, traced = main(words), ""
        except PlatformError as error:  # --debug raises it, and Python prints it
            status, traced = 1, str(error)
        finally:
            logging.basicConfig(handlers=[], force=True)  # it wrote to the stderr of this test
        output = self.capsys.readouterr()
        return Ended(status, output.out, output.err + traced)


def computed(text: str) -> Decimal:
    """Return the value of a sum in which words name the numbers: `3 jobs x (1 + 2)`."""
    numbers = re.sub(r"\b(?!x\b)[A-Za-z]+\b\*?", "", text).replace("x", "*")
    tree = ast.parse(numbers.strip(), mode="eval")
    return _value(tree.body)


OPERATIONS: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def _value(node: ast.expr) -> Decimal:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATIONS[type(op)](_value(left), _value(right))
        case ast.Constant(value=value):
            return Decimal(str(value))
    raise ValueError(ast.dump(node))
