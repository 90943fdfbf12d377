"""Show figures as lines and as a table in Markdown."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.measuring import Figure

FOLDER = Path(__file__).parents[1] / "docs" / "performance"
STEPS = {
    "extract": "Every row of every table out of the source",
    "poll": "A poll, from the connection to the commit",
    "capture": "A poll by log beside a poll by difference, with the CPU s of the server",
    "backfill": "A first batch through all steps",
    "load": "Rows into the warehouse",
    "cycle": "A cycle, with the start of its process where it is not warm",
    "question": "Business questions",
    "page": "Pages of the dashboard, for all time",
}
LINE = "{:>11}{:>9}{:>9}{:>9}{:>8}  {}"
HEAD = "| case | rows | s | CPU s | CPU s, server | MB | |\n|---|---:|---:|---:|---:|---:|---|"


def show(figures: Iterable[Figure]) -> None:
    """Print a line for each figure as it comes."""
    for _ in shown(figures):
        pass


def shown(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Yield each figure, and print a line for it."""
    print(f"{'':<58}{'rows':>11}{'s':>9}{'CPU s':>9}{'server':>9}{'MB':>8}", flush=True)
    for figure in figures:
        line = f"{figure.step:>9} {figure.case:<48}" + LINE.format(*_cells(figure))
        print(line.rstrip(), flush=True)
        yield figure


def write(name: str, machine: str, figures: Sequence[Figure]) -> None:
    """Write docs/performance/<name>.json, and the table <name>.md."""
    body: dict[str, Any] = {"machine": machine, "figures": [asdict(each) for each in figures]}
    (FOLDER / f"{name}.json").write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    text = "\n".join(_page(name, machine, figures))
    (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")


def _page(name: str, machine: str, figures: Sequence[Figure]) -> Iterator[str]:
    yield f"# Figures of `make {name}`\n\nWritten by `make {name}`: {machine}.\n"
    yield "CPU s and MB are those of all processes of a case. The PostgreSQL server, which every"
    yield "program uses, has a column of its own. Cases in italics are other programs with the"
    yield "same rows.\n"
    steps = list(STEPS)
    ordered = sorted(figures, key=lambda figure: steps.index(figure.step))
    for step, group in groupby(ordered, lambda figure: figure.step):
        yield f"## {STEPS[step]}\n\n{HEAD}"
        yield from (_row(figure) for figure in group)
        yield ""


def _row(figure: Figure) -> str:
    case = f"*{figure.case}*" if figure.is_peer else figure.case
    return f"| {' | '.join((case, *_cells(figure)))} |"


def _cells(figure: Figure) -> tuple[str, ...]:
    def number(value: float | None, digits: int) -> str:
        return "" if value is None else f"{max(value, 0.0):,.{digits}f}"

    return (
        number(figure.rows or None, 0),
        number(figure.seconds, 2 if (figure.seconds or 0) >= 1 else 3),
        number(figure.cpu_seconds, 2),
        number(figure.server_seconds, 2),
        number(figure.megabytes, 0),
        figure.note,
    )
