"""Charts as Vega-Lite specifications. Amounts become floats here: they are only drawn, not added.

Altair would validate each part of a specification with Python code, which takes longer than the
queries of a page. A test validates the charts instead.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial

import streamlit as st

from dashboard.chart_rows import Spec, chart_data, encoding, filled, stacked
from dashboard.periods import Period
from dashboard.reader import Rows
from dashboard.time_axis import bar_times, time_axis, time_format

BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9",
)  # fmt: skip
"""The Okabe-Ito palette, which color-blind people can distinguish."""
GREY = "#9aa5b1"
TEXT, MUTED = ("#1f2a37", "#e6edf3"), ("#3d4b5a", "#b4c0cc")
"""The colors of text in the light and in the dark theme."""

PICK = "pick"
"""The field of a bar that a click on it passes on, and the name of the selection."""

PICKED = {"name": PICK, "select": {"type": "point", "fields": [PICK]}}
"""The selection of a bar."""

PALE = 0.4
"""The opacity of a bar of which only a part is in the period."""

AXIS_NUMBER = (
    "abs(datum.value) < 1 ? format(datum.value, '~g') : "
    "replace(format(datum.value, '.3~s'), 'G', ' bn')"
)
"""The Vega expression for numbers at an axis: 0.5, 20k, 1.5M, 3 bn."""
WHOLE = ",.0f"
LABEL_SPACE = 0.2  # of the longest bar, for the value beside it
HEIGHT, ROW_HEIGHT = 250, 30  # pixels
AXIS, LEGEND = 90, 40  # pixels below and above horizontal bars
MIN_SECONDS = 0.1  # of a point on the logarithmic axis


def bars_over_time(
    rows: Rows,
    value: str,
    title: str,
    grain: str,
    colors: Mapping[str, str] | None = None,
    split: str = "",
    period: Period | None = None,
) -> Spec:
    """Return bars of ``value`` by ``period``, with ``split`` stacked in ``colors``. Bars of which
    only a part is in ``period`` are pale. The pick of a bar is its first day."""
    color = {"color": _color(split, colors)} if colors else {}
    return {
        **chart_data(_bars(rows, value, grain, split, list(colors or {}), period)),
        "mark": {"type": "rect", "color": BLUE, "cursor": "pointer"},
        "encoding": {
            "x": time_axis("begins", rows, grain),
            "x2": {"field": "ends"},
            "y": encoding("top:Q", title=title, axis=_number_axis()),
            "y2": {"field": "bottom"},
            "opacity": encoding("opacity:Q", scale=None, legend=None),
            "tooltip": _tooltip_of_time(value, title, grain, split),
            **color,
        },
        "params": [PICKED],
        "height": HEIGHT,
    }


def _bars(
    rows: Rows, value: str, grain: str, split: str, order: Sequence[str], period: Period | None
) -> Rows:
    """Return the rows as parts of bars, each with its times, its opacity and its pick."""

    def opacity(start: date) -> float:
        return PALE if period and not period.contains_all_of(start, grain) else 1

    points = [
        {
            **row,
            **bar_times(row["period"], grain),
            PICK: row["period"].isoformat(),
            "opacity": opacity(row["period"]),
        }
        for row in rows
    ]
    return stacked(points, value, split, order)


def _tooltip_of_time(value: str, title: str, grain: str, split: str) -> list[Spec]:
    return [
        encoding("begins:T", title=grain.capitalize(), format="%-d %b %Y"),
        *([encoding(f"{split}:N", title=" ")] if split else []),
        encoding(f"{value}:Q", title=title, format=WHOLE),
    ]


def lines(
    rows: Rows, value: str, title: str, grain: str, colors: Mapping[str, str], split: str
) -> Spec:
    """Return a line of ``value`` by ``period`` for each of ``colors``; 0 where no row exists."""
    complete = filled(rows, value, grain, split, list(colors))
    points = [{**row, **bar_times(row["period"], grain)} for row in complete]
    return {
        **chart_data(points),
        "mark": {"type": "line", "point": {"size": 28}, "strokeWidth": 2},
        "encoding": {
            "x": time_axis("middle", complete, grain),
            "y": encoding(f"{value}:Q", title=title, axis=_number_axis(), scale={"zero": True}),
            "color": _color(split, colors),
            "tooltip": _tooltip_of_time(value, title, grain, split),
        },
        "height": HEIGHT,
    }


def ranking(rows: Rows, name: str, value: str, title: str, *, is_clickable: bool = True) -> Spec:
    """Return a bar for each row, in their order, with its value beside it. The pick of a bar is the
    ID of its row, or its name if it has none."""
    picked = [{**row, PICK: str(row.get("id") or row[name])} for row in rows]
    domain = _ranking_domain([float(row[value]) for row in rows])
    encodings = {
        "y": encoding(f"{name}:N", sort=None, title=None, axis={"labelLimit": 170, "ticks": False}),
        "x": encoding(
            f"{value}:Q", title=title, axis=_number_axis(grid=False), scale={"domain": domain}
        ),
        "tooltip": [
            encoding(f"{name}:N", title=" "),
            encoding(f"{value}:Q", title=title, format=WHOLE),
        ],
    }
    cursor = "pointer" if is_clickable else "default"
    bars = {
        "mark": {"type": "bar", "color": BLUE, "height": {"band": 0.7}, "cursor": cursor},
        "encoding": encodings,
        "params": [PICKED],
    }
    values = {
        "mark": {"type": "text", "align": "left", "dx": 4, "color": _color_of_text(TEXT)},
        "encoding": {**encodings, "text": encoding(f"{value}:Q", format=".3~s")},
    }
    height = ROW_HEIGHT * len(rows) + AXIS
    return {**chart_data(picked), "layer": [bars, values], "height": height}


def stacked_bars(
    rows: Rows, name: str, value: str, split: str, title: str, colors: Mapping[str, str]
) -> Spec:
    """Return a horizontal bar for each ``name``, with ``split`` stacked in ``colors``."""
    order = {part: number for number, part in enumerate(colors)}
    parts = [{**row, "order": order[row[split]]} for row in rows]
    names = list(dict.fromkeys(row[name] for row in rows))
    return {
        **chart_data(parts),
        "mark": {"type": "bar", "height": {"band": 0.7}},
        "encoding": {
            "y": encoding(
                f"{name}:N",
                sort=names,
                title=None,
                axis={"labelLimit": 170, "labelOverlap": False},
            ),
            "x": encoding(f"{value}:Q", title=title, stack="zero", axis=_number_axis(grid=False)),
            "color": _color(split, colors),
            "order": encoding("order:Q"),
            "tooltip": [
                encoding(f"{name}:N", title=" "),
                encoding(f"{split}:N", title=" "),
                encoding(f"{value}:Q", title=title, format=",.2~f"),
            ],
        },
        "height": ROW_HEIGHT * len(names) + AXIS + LEGEND,
    }


def load_times(rows: Rows, target: float) -> Spec:
    """Return a point for each batch: the seconds until it was loaded, and a line at the target.

    The axis is logarithmic, so that a second and half an hour can both be read.
    """
    points = [{**row, "shown": max(float(row["seconds"]), MIN_SECONDS)} for row in rows]
    top = max([target * 1.5, *(point["shown"] for point in points)])
    bottom = min([1.0, *(point["shown"] for point in points)])
    circles = {
        "mark": {"type": "circle", "size": 45, "color": BLUE, "opacity": 0.7},
        "encoding": {
            "x": encoding("loaded:T", title="Loaded at (UTC)", axis=_clock_axis(rows)),
            "y": encoding(
                "shown:Q",
                title="Time from lake to warehouse",
                scale={"type": "log", "domain": [bottom, top]},
                axis=_duration_axis(bottom, top, target),
            ),
            "tooltip": [
                encoding("batch:Q", title="Batch", format="d"),
                encoding("duration:N", title="Load time"),
                encoding("moment:N", title="Loaded at"),
            ],
        },
    }
    return {**chart_data(points), "layer": [circles, *_target_line(target)], "height": 260}


def show(chart: Spec, alt_text: str, on_pick: Callable[[str], None] | None = None) -> None:
    """Draw a chart as wide as its container, with a text for screen readers. A click on a bar calls
    ``on_pick`` with the pick of the bar."""
    muted = _color_of_text(MUTED)
    config = {
        "background": "transparent",  # on paper, the page of the dark theme is white
        "axis": {"labelColor": muted, "titleColor": muted, "titleFontWeight": "normal"},
        "legend": {"labelColor": muted, "offset": 0, "padding": 0},
        "view": {"strokeWidth": 0},
    }
    draw = partial(st.vega_lite_chart, {**chart, "config": config}, width="stretch", alt=alt_text)
    if on_pick is None:
        draw()
        return
    # After a pick, the page is another: a new key forgets the selection.
    key = f"{alt_text} {sorted(st.query_params.items())}"
    draw(key=key, on_select=partial(_picked, key, on_pick), selection_mode=PICK)


def _picked(key: str, on_pick: Callable[[str], None]) -> None:
    if points := st.session_state[key].selection.get(PICK):
        on_pick(points[0][PICK])


def _color_of_text(colors: tuple[str, str]) -> str:
    """Return the light theme's or the dark theme's color."""
    light, dark = colors
    return dark if st.context.theme.type == "dark" else light


def _ranking_domain(values: Sequence[float]) -> list[float]:
    """Return the range of an axis from 0, or from the lowest value if it is negative."""
    low, high = min(0.0, *values), max(0.0, *values)
    return [low, high + (high - low) * LABEL_SPACE or 1.0]


def _target_line(target: float) -> tuple[Spec, Spec]:
    data = {"values": [{"at": target, "text": f"Target: {target / 60:.0f} minutes"}]}
    at = encoding("at:Q")
    rule = {"type": "rule", "color": RED, "strokeDash": [6, 4], "size": 2}
    text = {"type": "text", "align": "left", "x": 4, "dy": -8, "color": RED, "fontWeight": 600}
    return (
        {"data": data, "mark": rule, "encoding": {"y": at}},
        {"data": data, "mark": text, "encoding": {"y": at, "text": encoding("text:N")}},
    )


def _clock_axis(rows: Rows) -> Spec:
    format_ = time_format([row["loaded"] for row in rows])
    return {"format": format_, "tickCount": 5, "grid": False, "labelOverlap": True}


def _duration_axis(bottom: float, top: float, target: float) -> Spec:
    minutes = f"{target / 60:.0f} min"
    ticks = {1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", target: minutes, 36_000: "10 h"}
    labels = " : ".join(f"datum.value == {tick:.0f} ? '{text}'" for tick, text in ticks.items())
    visible = [tick for tick in ticks if bottom <= tick <= top]
    return {"values": visible, "labelExpr": f"{labels} : ''"}


def _number_axis(grid: bool = True) -> Spec:
    return {"labelExpr": AXIS_NUMBER, "tickCount": 4, "grid": grid}


def _color(split: str, colors: Mapping[str, str]) -> Spec:
    return encoding(
        f"{split}:N",
        title=None,
        scale={"domain": list(colors), "range": list(colors.values())},
        legend={"orient": "top", "columns": 3},  # a phone has space for three
    )
