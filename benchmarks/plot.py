"""Draw a picture of docs/performance: `.venv-bench/bin/python -m benchmarks.plot bench`, or
`growth`.

It runs in the environment of requirements/bench.txt, which has Matplotlib.
"""

import json
import sys
from pathlib import Path
from statistics import mean
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

FOLDER = Path(__file__).parents[1] / "docs" / "performance"
OWN, OTHER, MUTED = "#0072b2", "#9aa5b1", "#3d4b5a"
PANELS = {
    "extract": ("seconds", "First poll beside other programs: seconds"),
    "load": ("seconds", "Load beside COPY of the same rows: seconds"),
    "memory": ("megabytes", "First poll beside other programs: MB at the peak"),
}


MORE = 10
"""Batches are measured after a replay: fewer than so many."""

STEPS = {"dimensions": OWN, "facts": "#e69f00", "load": "#009e73"}
HISTORIES = {
    "replay": "Replay of all batches: seconds",
    "one batch more": "One batch more, warm: seconds",
}


def main() -> None:
    """Draw docs/performance/<name>.svg from <name>.json."""
    [_, name] = sys.argv
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    mpl.rcParams.update({"svg.hashsalt": name, "font.size": 9, "svg.fonttype": "path"})
    figure = {"bench": _bench, "growth": _growth}[name](document)
    figure.patch.set_facecolor("white")
    figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})


def _bench(document: Any) -> Any:
    figure, axes = plt.subplots(len(PANELS), 1, figsize=(8, 6.4), layout="constrained")
    for axis, (step, (field, title)) in zip(axes, PANELS.items(), strict=True):
        _bars(axis, _rows(document["figures"], step, field), field, title)
    return figure


def _growth(document: Any) -> Any:
    """Return each step's seconds by the number of batches, the mean of several batches more."""
    figure, axes = plt.subplots(1, len(HISTORIES), figsize=(8, 3.4), layout="constrained")
    lengths = [row["batches"] for row in document if row["case"] == "replay"]
    for axis, (case, title) in zip(axes, HISTORIES.items(), strict=True):
        for step, color in STEPS.items():
            means = [_mean(document, case, length, step) for length in lengths]
            axis.plot(lengths, means, "o-", markersize=3, color=color, label=step)
        axis.set_xscale("log")
        axis.set_xlabel("batches in the lake", color=MUTED)
        _titled(axis, title)
    axes[0].set_yscale("log")
    axes[1].set_ylim(bottom=0)
    axes[0].legend(frameon=False)
    return figure


def _mean(document: Any, case: str, length: int, step: str) -> float:
    of = (row for row in document if row["case"] == case)
    seconds: list[float] = [row[step] for row in of if 0 <= row["batches"] - length < MORE]
    return mean(seconds)


def _rows(figures: list[Any], step: str, field: str) -> list[Any]:
    of = {"memory": "extract"}.get(step, step)
    return [
        figure
        for figure in figures
        if figure["step"] == of and figure[field] and "dlt scd2" not in figure["case"]
        and "versions added" not in figure["case"] and "10,000,000" not in figure["case"]
    ]  # fmt: skip


def _bars(axis: Any, rows: list[Any], field: str, title: str) -> None:
    labels = [row["case"] for row in rows]
    values = [row[field] for row in rows]
    colors = [OTHER if row["is_peer"] else OWN for row in rows]
    bars = axis.barh(labels, values, color=colors)
    axis.bar_label(bars, fmt=lambda value: f"{value:,.3g}", padding=3, color=MUTED)
    axis.invert_yaxis()
    axis.margins(x=0.12)
    _titled(axis, title)


def _titled(axis: Any, title: str) -> None:
    axis.set_title(title, loc="left", color=MUTED, fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
