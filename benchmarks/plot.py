"""Draw the picture of the README: `.venv-bench/bin/python -m benchmarks.plot bench`.

It runs in the environment of requirements/bench.txt, which has Matplotlib.
"""

import json
import sys
from pathlib import Path
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


def main() -> None:
    """Draw docs/performance/<name>.svg from <name>.json."""
    [_, name] = sys.argv
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    mpl.rcParams.update({"svg.hashsalt": name, "font.size": 9, "svg.fonttype": "path"})
    figure, axes = plt.subplots(len(PANELS), 1, figsize=(8, 6.4), layout="constrained")
    figure.patch.set_facecolor("white")
    for axis, (step, (field, title)) in zip(axes, PANELS.items(), strict=True):
        _bars(axis, _rows(document["figures"], step, field), field, title)
    figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})


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
    axis.set_title(title, loc="left", color=MUTED, fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
