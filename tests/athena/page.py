"""docs/athena.md: its examples, each a question with an answer."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

PAGE = (Path(__file__).parents[2] / "docs" / "athena.md").read_text(encoding="utf-8")
SAVED = re.compile(r"last line of\s+`(\w+)`")
CODE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


class Example(NamedTuple):
    """A question, the saved query whose last line it takes the place of, if any, and the cells of
    the answer, the names of its columns first."""

    saved: str
    question: str
    answer: list[list[str]]

    @property
    def is_of_a_fact(self) -> bool:
        """Whether the warehouse has a view of the same name."""
        return self.saved.startswith("fact_")

    def query(self, queries: Mapping[str, str]) -> str:
        """The question as Athena gets it."""
        if not self.saved:
            return self.question
        query, _, last = queries[self.saved].rstrip().rpartition("\n")
        assert last.split() == ["select", "*", "from", self.saved]
        return f"{query}\n{self.question}"


def _example(section: str) -> Example:
    saved, code = SAVED.search(section), dict(CODE.findall(section))
    lines = [line for line in code["text"].splitlines() if not line.startswith("--")]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return Example(saved[1] if saved else "", code["sql"], cells)


def examples() -> dict[str, Example]:
    """The examples in SQL, by the headings of their sections."""
    sections = PAGE.split("\n## ")
    return {s.partition("\n")[0]: _example(s) for s in sections if "```sql" in s}


def program() -> str:
    """The example in Python."""
    code: dict[str, str] = dict(CODE.findall(PAGE))
    return code["python"]
