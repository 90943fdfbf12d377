"""docs/athena.md: its examples, each a question with an answer."""

import re
from pathlib import Path
from typing import NamedTuple

PAGE = (Path(__file__).parents[2] / "docs" / "athena.md").read_text(encoding="utf-8")
CODE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


class Example(NamedTuple):
    """A question, and the cells of the answer, the names of its columns first."""

    question: str
    answer: list[list[str]]

    @property
    def is_of_a_fact(self) -> bool:
        """Whether the question is about views that the warehouse has, too."""
        return "from fact_" in self.question


def _example(section: str) -> Example:
    code = dict(CODE.findall(section))
    cells = [
        [cell.strip() for cell in line.split("|")]
        for line in code["text"].splitlines()
        if not line.startswith("--")
    ]
    return Example(code["sql"], cells)


def examples() -> dict[str, Example]:
    """The examples in SQL, by the headings of their sections."""
    sections = PAGE.split("\n## ")
    return {s.partition("\n")[0]: _example(s) for s in sections if "```sql" in s}


def program() -> str:
    """The example in Python."""
    code: dict[str, str] = dict(CODE.findall(PAGE))
    return code["python"]
