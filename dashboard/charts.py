"""Charts: from rows to what Vega draws. Amounts become floats here, where they are only drawn."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import altair as alt
import streamlit as st

from dashboard.periods import ends
from dashboard.reader import Rows

BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9",
)  # fmt: skip
"""The palette of Okabe and Ito."""
GREY = "#9aa5b1"

BIG = "replace(format(datum.value, '.3~s'), 'G', ' bn')"
"""How an axis spells a number: 20k, 1.5M, 3 bn."""
PLAIN = ",.0f"
CENTS = ",.2f"
LEFT_OUT = 0.12  # of a bar's time, so that bars stand apart
ROOM = 1.12  # for a figure beside the longest bar
HEIGHT, ROW = 250, 30
TIMES = {"begins": "date", "ends": "date", "loaded": "date"}
TICKS = {"day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}


def over_time(
    rows: Rows,
    value: str,
    title: str,
    grain: str,
    colours: Mapping[str, str] | None = None,
    split: str = "",
) -> alt.Chart:
    """Bars over time, of ``value`` in each ``period``; with ``split`` stacked in ``colours``."""
    encoding: dict[str, Any] = {
        "x": _times(grain),
        "x2": "ends:T",
        "y": alt.Y(f"{value}:Q", title=title, stack="zero", axis=_numbers()),
        "tooltip": [
            alt.Tooltip("begins:T", title=grain.capitalize(), format="%-d %b %Y"),
            *([alt.Tooltip(f"{split}:N", title=" ")] if split else []),
            alt.Tooltip(f"{value}:Q", title=title, format=PLAIN),
        ],
    }
    if colours:
        encoding["color"] = _colour(split, colours)
        encoding["order"] = alt.Order("order:Q")
    order = {name: number for number, name in enumerate(colours or {})}
    drawn = [{**row, **_span(row["period"], grain), "order": order.get(row.get(split, ""))} for row
             in rows]  # fmt: skip
    mark = alt.Chart(_data(drawn)).mark_bar(color=BLUE, cornerRadiusEnd=1)
    return mark.encode(**encoding).properties(height=HEIGHT)


def lines(
    rows: Rows, value: str, title: str, grain: str, colours: Mapping[str, str], split: str
) -> alt.Chart:
    """A line for each of ``colours``, of ``value`` in each ``period``."""
    drawn = [{**row, **_span(row["period"], grain)} for row in rows]
    return (
        alt.Chart(_data(drawn))
        .mark_line(point=alt.OverlayMarkDef(size=28), strokeWidth=2)
        .encode(
            x=_times(grain),
            y=alt.Y(f"{value}:Q", title=title, axis=_numbers(), scale=alt.Scale(zero=True)),
            color=_colour(split, colours),
            tooltip=[
                alt.Tooltip("begins:T", title=grain.capitalize(), format="%-d %b %Y"),
                alt.Tooltip(f"{split}:N", title=" "),
                alt.Tooltip(f"{value}:Q", title=title, format=PLAIN),
            ],
        )
        .properties(height=HEIGHT)
    )


def ranking(rows: Rows, name: str, value: str, title: str, colour: str = BLUE) -> alt.LayerChart:
    """A bar a row, the longest first, with its value written beside it."""
    bars = alt.Chart(_data(rows)).encode(
        y=alt.Y(f"{name}:N", sort=None, title=None, axis=alt.Axis(labelLimit=170, ticks=False)),
        x=alt.X(
            f"{value}:Q",
            title=title,
            axis=_numbers(grid=False),
            scale=alt.Scale(domain=[0, float(rows[0][value]) * ROOM]),
        ),
        tooltip=[
            alt.Tooltip(f"{name}:N", title=" "),
            alt.Tooltip(f"{value}:Q", title=title, format=PLAIN),
        ],
    )
    figures = bars.mark_text(align="left", dx=4, color="#1f2a37").encode(
        text=alt.Text(f"{value}:Q", format=".3~s")
    )
    drawn: alt.LayerChart = alt.layer(bars.mark_bar(color=colour, height={"band": 0.7}), figures)
    return drawn.properties(height=ROW * len(rows) + 50)


def parts(
    rows: Rows, name: str, value: str, split: str, title: str, colours: Mapping[str, str]
) -> alt.Chart:
    """A bar a name, made of its parts in ``colours``."""
    order = {part: number for number, part in enumerate(colours)}
    drawn = [{**row, "order": order[row[split]]} for row in rows]
    names = list(dict.fromkeys(row[name] for row in rows))
    return (
        alt.Chart(_data(drawn))
        .mark_bar(height={"band": 0.7})
        .encode(
            y=alt.Y(f"{name}:N", sort=names, title=None, axis=alt.Axis(labelLimit=170)),
            x=alt.X(f"{value}:Q", title=title, stack="zero", axis=_numbers(grid=False)),
            color=_colour(split, colours),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip(f"{name}:N", title=" "),
                alt.Tooltip(f"{split}:N", title=" "),
                alt.Tooltip(f"{value}:Q", title=title, format=",.2~f"),
            ],
        )
        .properties(height=ROW * len(names) + 80)
    )


def delays(rows: Rows, promise: float) -> alt.LayerChart:
    """A point a batch: how long it took to be loaded, against what is promised, in seconds.

    The axis grows tenfold from line to line: a second and half an hour are both to be seen.
    """
    ticks = {1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", promise: "30 min", 36_000: "10 h"}
    spelled = " : ".join(f"datum.value == {tick:.0f} ? '{text}'" for tick, text in ticks.items())
    # values below a tenth of a second would lie below the axis
    drawn = [{**row, "drawn": max(float(row["seconds"]), 0.1)} for row in rows]
    top = max([promise * 1.5, *(row["drawn"] for row in drawn)])
    bottom = min([1.0, *(row["drawn"] for row in drawn)])
    scale = alt.Scale(type="log", domain=[bottom, top])
    shown = [tick for tick in ticks if bottom <= tick <= top]
    points = (
        alt.Chart(_data(drawn))
        .mark_circle(size=45, color=BLUE, opacity=0.7)
        .encode(
            x=alt.X(
                "loaded:T",
                title="Loaded at (UTC)",
                axis=alt.Axis(tickCount=6, grid=False, labelOverlap=True),
            ),
            y=alt.Y(
                "drawn:Q",
                title="From lake to warehouse",
                scale=scale,
                axis=alt.Axis(values=shown, labelExpr=f"{spelled} : ''"),
            ),
            tooltip=[
                alt.Tooltip("batch:Q", title="Batch", format="d"),
                alt.Tooltip("told:N", title="Took"),
                alt.Tooltip("moment:N", title="Loaded at"),
            ],
        )
    )
    limit = alt.Chart(_data([{"at": promise, "text": "promised: 30 minutes at most"}]))
    line = limit.mark_rule(color=RED, strokeDash=[6, 4], size=2).encode(y="at:Q")
    text = limit.mark_text(align="left", x=4, dy=-8, color="#a34700", fontWeight=600).encode(
        y="at:Q", text="text:N"
    )
    drawn_all: alt.LayerChart = alt.layer(points, line, text)
    return drawn_all.properties(height=260)


def show(chart: alt.Chart | alt.LayerChart, alt_text: str) -> None:
    """Draw a chart as wide as its place, with a text for those who cannot see it."""
    st.altair_chart(chart, width="stretch", alt=alt_text)


def _times(grain: str) -> alt.X:
    axis = alt.Axis(format=TICKS[grain], tickCount=5, labelOverlap=True, grid=False)
    return alt.X("begins:T", title=None, axis=axis)


def _numbers(grid: bool = True) -> alt.Axis:
    return alt.Axis(labelExpr=BIG, tickCount=4, grid=grid)


def _colour(split: str, colours: Mapping[str, str]) -> alt.Color:
    return alt.Color(
        f"{split}:N",
        title=None,
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(orient="top"),
    )


def _span(begins: date, grain: str) -> dict[str, str]:
    first, last = (datetime(d.year, d.month, d.day) for d in (begins, ends(begins, grain)))
    return {"begins": first.isoformat(), "ends": (last - (last - first) * LEFT_OUT).isoformat()}


def _data(rows: Sequence[Mapping[str, Any]]) -> alt.Data:
    values = [{name: _drawn(value) for name, value in row.items()} for row in rows]
    # the end of a bar has no type of its own, by which Vega would know that it is a time
    return alt.Data(values=values, format=alt.DataFormat(type="json", parse=TIMES))


def _drawn(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
    return value
