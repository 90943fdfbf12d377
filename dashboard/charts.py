"""Charts: from rows to what Vega draws. Amounts become floats here, where they are only drawn."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt
import streamlit as st

from dashboard.periods import from_to
from dashboard.reader import Rows
from dashboard.time_axis import clock, span, times

Chart = Any
"""A chart of Altair's, whose methods are not typed."""

BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9",
)  # fmt: skip
"""The palette of Okabe and Ito."""
GREY, INK = "#9aa5b1", "#3d4b5a"

BIG = (
    "abs(datum.value) < 1 ? format(datum.value, '~g') : "
    "replace(format(datum.value, '.3~s'), 'G', ' bn')"
)
"""How an axis spells a number: 0.5, 20k, 1.5M, 3 bn."""
PLAIN = ",.0f"
CENTS = ",.2f"
ROOM = 1.2  # for a figure beside the longest bar
HEIGHT, ROW = 250, 30
BESIDE = 130  # pixels of a legend, an axis and its title, above and below rows of bars
TIMES = {"begins": "date", "middle": "date", "ends": "date", "loaded": "date"}


def over_time(
    rows: Rows,
    value: str,
    title: str,
    grain: str,
    colours: Mapping[str, str] | None = None,
    split: str = "",
) -> Chart:
    """Bars over time, of ``value`` in each ``period``; with ``split`` stacked in ``colours``."""
    parts = {"color": _colour(split, colours)} if colours else {}
    names = [alt.Tooltip(f"{split}:N", title=" ")] if split else []
    drawn = [{**row, **span(row["period"], grain)} for row in rows]
    return (
        alt.Chart(_data(_stacked(drawn, value, split, list(colours or {}))))
        .mark_rect(color=BLUE)
        .encode(
            x=times("begins", rows, grain),
            x2="ends:T",
            y=alt.Y("top:Q", title=title, axis=_numbers()),
            y2="bottom:Q",
            tooltip=[
                alt.Tooltip("begins:T", title=grain.capitalize(), format="%-d %b %Y"),
                *names,
                alt.Tooltip(f"{value}:Q", title=title, format=PLAIN),
            ],
            **parts,
        )
        .properties(height=HEIGHT)
    )


def lines(
    rows: Rows, value: str, title: str, grain: str, colours: Mapping[str, str], split: str
) -> Chart:
    """A line for each of ``colours``, of ``value`` in each ``period``; 0 where there is no row."""
    filled = _filled(rows, value, grain, split, list(colours))
    drawn = [{**row, **span(row["period"], grain)} for row in filled]
    return (
        alt.Chart(_data(drawn))
        .mark_line(point=alt.OverlayMarkDef(size=28), strokeWidth=2)
        .encode(
            x=times("middle", filled, grain),
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


def ranking(rows: Rows, name: str, value: str, title: str, colour: str = BLUE) -> Chart:
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
    return alt.layer(bars.mark_bar(color=colour, height={"band": 0.7}), figures).properties(
        height=ROW * len(rows) + 50
    )


def parts(
    rows: Rows, name: str, value: str, split: str, title: str, colours: Mapping[str, str]
) -> Chart:
    """A bar a name, made of its parts in ``colours``."""
    order = {part: number for number, part in enumerate(colours)}
    drawn = [{**row, "order": order[row[split]]} for row in rows]
    names = list(dict.fromkeys(row[name] for row in rows))
    return (
        alt.Chart(_data(drawn))
        .mark_bar(height={"band": 0.7})
        .encode(
            y=alt.Y(
                f"{name}:N",
                sort=names,
                title=None,
                axis=alt.Axis(labelLimit=170, labelOverlap=False),
            ),
            x=alt.X(f"{value}:Q", title=title, stack="zero", axis=_numbers(grid=False)),
            color=_colour(split, colours),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip(f"{name}:N", title=" "),
                alt.Tooltip(f"{split}:N", title=" "),
                alt.Tooltip(f"{value}:Q", title=title, format=",.2~f"),
            ],
        )
        .properties(height=ROW * len(names) + BESIDE)
    )


def delays(rows: Rows, promise: float) -> Chart:
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
                axis=alt.Axis(format=clock(drawn), tickCount=5, grid=False, labelOverlap=True),
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
    return alt.layer(points, line, text).properties(height=260)


def show(chart: Chart, alt_text: str) -> None:
    """Draw a chart as wide as its place, with a text for those who cannot see it."""
    readable = chart.configure_axis(labelColor=INK, titleColor=INK, titleFontWeight="normal")
    drawn = readable.configure_legend(labelColor=INK).configure_view(strokeWidth=0)
    st.altair_chart(drawn, width="stretch", alt=alt_text)


def _stacked(rows: Rows, value: str, split: str, order: Sequence[str]) -> Rows:
    """The rows with where each part of a bar begins and ends; Vega stacks no bars that have a
    width in time."""
    tops: dict[date, Decimal] = {}
    stacked = []
    for row in sorted(rows, key=lambda row: order.index(row[split]) if split else 0):
        bottom = tops.get(row["period"], Decimal(0))
        tops[row["period"]] = bottom + row[value]
        stacked.append({**row, "bottom": bottom, "top": bottom + row[value]})
    return stacked


def _filled(rows: Rows, value: str, grain: str, split: str, names: Sequence[str]) -> Rows:
    """The rows, and one with 0 for each period between them that a name has none of; a line would
    lead across it, as if there had been something."""
    if not rows:
        return []
    periods = [row["period"] for row in rows]
    nothing: Rows = [
        {"period": period, split: name, value: Decimal(0)}
        for period in from_to(min(periods), max(periods), grain)
        for name in names
    ]
    found = {(row["period"], row[split]): row for row in (*nothing, *rows)}
    return list(found.values())


def _numbers(grid: bool = True) -> alt.Axis:
    return alt.Axis(labelExpr=BIG, tickCount=4, grid=grid)


def _colour(split: str, colours: Mapping[str, str]) -> alt.Color:
    return alt.Color(
        f"{split}:N",
        title=None,
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(orient="top", columns=3),  # a phone shows no more in a row
    )


def _data(rows: Sequence[Mapping[str, Any]]) -> Any:
    values = [{name: _drawn(value) for name, value in row.items()} for row in rows]
    # the end of a bar has no type of its own, by which Vega would know that it is a time
    return alt.Data.from_dict({"values": values, "format": {"type": "json", "parse": TIMES}})


def _drawn(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
    return value
