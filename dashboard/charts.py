"""Charts for Vega. Amounts become floats here, because they are only drawn and not added."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import altair as alt
import streamlit as st

from dashboard.chart_rows import chart_data, filled, stacked
from dashboard.periods import Period
from dashboard.reader import Rows
from dashboard.time_axis import bar_times, time_axis, time_format

Chart = Any
"""An Altair chart, whose methods have no types."""

BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9",
)  # fmt: skip
"""The Okabe-Ito palette, which color-blind people can distinguish."""
GREY = "#9aa5b1"
TEXT, MUTED = ("#1f2a37", "#e6edf3"), ("#3d4b5a", "#b4c0cc")
"""The colors of text in the light and in the dark theme."""

PICK = "pick"
"""The field of a bar that a click on it passes on, and the name of the selection."""

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
) -> Chart:
    """Return bars of ``value`` by ``period``, with ``split`` stacked in ``colors``. Bars of which
    only a part is in ``period`` are pale. The pick of a bar is its first day."""
    color = {"color": _color(split, colors)} if colors else {}
    return (
        alt.Chart(chart_data(_bars(rows, value, grain, split, list(colors or {}), period)))
        .mark_rect(color=BLUE, cursor="pointer")
        .encode(
            x=time_axis("begins", rows, grain),
            x2="ends:T",
            y=alt.Y("top:Q", title=title, axis=_number_axis()),
            y2="bottom:Q",
            opacity=alt.Opacity("opacity:Q", scale=None, legend=None),
            tooltip=_tooltip_of_time(value, title, grain, split),
            **color,
        )
        .add_params(_pick())
        .properties(height=HEIGHT)
    )


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


def _tooltip_of_time(value: str, title: str, grain: str, split: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("begins:T", title=grain.capitalize(), format="%-d %b %Y"),
        *([alt.Tooltip(f"{split}:N", title=" ")] if split else []),
        alt.Tooltip(f"{value}:Q", title=title, format=WHOLE),
    ]


def lines(
    rows: Rows, value: str, title: str, grain: str, colors: Mapping[str, str], split: str
) -> Chart:
    """Return a line of ``value`` by ``period`` for each of ``colors``; 0 where no row exists."""
    complete = filled(rows, value, grain, split, list(colors))
    points = [{**row, **bar_times(row["period"], grain)} for row in complete]
    return (
        alt.Chart(chart_data(points))
        .mark_line(point=alt.OverlayMarkDef(size=28), strokeWidth=2)
        .encode(
            x=time_axis("middle", complete, grain),
            y=alt.Y(f"{value}:Q", title=title, axis=_number_axis(), scale=alt.Scale(zero=True)),
            color=_color(split, colors),
            tooltip=_tooltip_of_time(value, title, grain, split),
        )
        .properties(height=HEIGHT)
    )


def ranking(rows: Rows, name: str, value: str, title: str, *, is_clickable: bool = True) -> Chart:
    """Return a bar for each row, in their order, with its value beside it. The pick of a bar is the
    ID of its row, or its name if it has none."""
    picked = [{**row, PICK: str(row.get("id") or row[name])} for row in rows]
    bars = alt.Chart(chart_data(picked)).encode(
        y=alt.Y(f"{name}:N", sort=None, title=None, axis=alt.Axis(labelLimit=170, ticks=False)),
        x=alt.X(
            f"{value}:Q",
            title=title,
            axis=_number_axis(grid=False),
            scale=alt.Scale(domain=_ranking_domain([float(row[value]) for row in rows])),
        ),
        tooltip=[
            alt.Tooltip(f"{name}:N", title=" "),
            alt.Tooltip(f"{value}:Q", title=title, format=WHOLE),
        ],
    )
    values = bars.mark_text(align="left", dx=4, color=_color_of_text(TEXT)).encode(
        text=alt.Text(f"{value}:Q", format=".3~s")
    )
    marks = bars.mark_bar(
        color=BLUE, height={"band": 0.7}, cursor="pointer" if is_clickable else "default"
    )
    height = ROW_HEIGHT * len(rows) + AXIS
    return alt.layer(marks.add_params(_pick()), values).properties(height=height)


def stacked_bars(
    rows: Rows, name: str, value: str, split: str, title: str, colors: Mapping[str, str]
) -> Chart:
    """Return a horizontal bar for each ``name``, with ``split`` stacked in ``colors``."""
    order = {part: number for number, part in enumerate(colors)}
    parts = [{**row, "order": order[row[split]]} for row in rows]
    names = list(dict.fromkeys(row[name] for row in rows))
    return (
        alt.Chart(chart_data(parts))
        .mark_bar(height={"band": 0.7})
        .encode(
            y=alt.Y(
                f"{name}:N",
                sort=names,
                title=None,
                axis=alt.Axis(labelLimit=170, labelOverlap=False),
            ),
            x=alt.X(f"{value}:Q", title=title, stack="zero", axis=_number_axis(grid=False)),
            color=_color(split, colors),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip(f"{name}:N", title=" "),
                alt.Tooltip(f"{split}:N", title=" "),
                alt.Tooltip(f"{value}:Q", title=title, format=",.2~f"),
            ],
        )
        .properties(height=ROW_HEIGHT * len(names) + AXIS + LEGEND)
    )


def load_times(rows: Rows, target: float) -> Chart:
    """Return a point for each batch: the seconds until it was loaded, and a line at the target.

    The axis is logarithmic, so that a second and half an hour can both be read.
    """
    points = [{**row, "shown": max(float(row["seconds"]), MIN_SECONDS)} for row in rows]
    top = max([target * 1.5, *(point["shown"] for point in points)])
    bottom = min([1.0, *(point["shown"] for point in points)])
    circles = (
        alt.Chart(chart_data(points))
        .mark_circle(size=45, color=BLUE, opacity=0.7)
        .encode(
            x=alt.X("loaded:T", title="Loaded at (UTC)", axis=_clock_axis(rows)),
            y=alt.Y(
                "shown:Q",
                title="Time from lake to warehouse",
                scale=alt.Scale(type="log", domain=[bottom, top]),
                axis=_duration_axis(bottom, top, target),
            ),
            tooltip=[
                alt.Tooltip("batch:Q", title="Batch", format="d"),
                alt.Tooltip("duration:N", title="Load time"),
                alt.Tooltip("moment:N", title="Loaded at"),
            ],
        )
    )
    return alt.layer(circles, *_target_line(target)).properties(height=260)


def show(chart: Chart, alt_text: str, on_pick: Callable[[str], None] | None = None) -> None:
    """Draw a chart as wide as its container, with a text for screen readers. A click on a bar calls
    ``on_pick`` with the pick of the bar."""
    muted = _color_of_text(MUTED)
    styled = (
        chart.configure(background="transparent")  # on paper, the page of the dark theme is white
        .configure_axis(labelColor=muted, titleColor=muted, titleFontWeight="normal")
        .configure_legend(labelColor=muted, offset=0, padding=0)
        .configure_view(strokeWidth=0)
    )
    if on_pick is None:
        st.altair_chart(styled, width="stretch", alt=alt_text)
        return
    # After a pick, the page is another: a new key forgets the selection.
    key = f"{alt_text} {sorted(st.query_params.items())}"
    st.altair_chart(
        styled,
        width="stretch",
        alt=alt_text,
        key=key,
        on_select=partial(_picked, key, on_pick),
        selection_mode=PICK,
    )


def _picked(key: str, on_pick: Callable[[str], None]) -> None:
    if points := st.session_state[key].selection.get(PICK):
        on_pick(points[0][PICK])


def _pick() -> Any:
    return alt.selection_point(name=PICK, fields=[PICK])


def _color_of_text(colors: tuple[str, str]) -> str:
    """Return the light theme's or the dark theme's color."""
    light, dark = colors
    return dark if st.context.theme.type == "dark" else light


def _ranking_domain(values: Sequence[float]) -> list[float]:
    """Return the range of an axis from 0, or from the lowest value if it is negative."""
    low, high = min(0.0, *values), max(0.0, *values)
    return [low, high + (high - low) * LABEL_SPACE or 1.0]


def _target_line(target: float) -> tuple[Chart, Chart]:
    base = alt.Chart(chart_data([{"at": target, "text": f"Target: {target / 60:.0f} minutes"}]))
    line = base.mark_rule(color=RED, strokeDash=[6, 4], size=2).encode(y="at:Q")
    text = base.mark_text(align="left", x=4, dy=-8, color=RED, fontWeight=600)
    return line, text.encode(y="at:Q", text="text:N")


def _clock_axis(rows: Rows) -> alt.Axis:
    format_ = time_format([row["loaded"] for row in rows])
    return alt.Axis(format=format_, tickCount=5, grid=False, labelOverlap=True)


def _duration_axis(bottom: float, top: float, target: float) -> alt.Axis:
    minutes = f"{target / 60:.0f} min"
    ticks = {1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", target: minutes, 36_000: "10 h"}
    labels = " : ".join(f"datum.value == {tick:.0f} ? '{text}'" for tick, text in ticks.items())
    visible = [tick for tick in ticks if bottom <= tick <= top]
    return alt.Axis(values=visible, labelExpr=f"{labels} : ''")


def _number_axis(grid: bool = True) -> alt.Axis:
    return alt.Axis(labelExpr=AXIS_NUMBER, tickCount=4, grid=grid)


def _color(split: str, colors: Mapping[str, str]) -> alt.Color:
    return alt.Color(
        f"{split}:N",
        title=None,
        scale=alt.Scale(domain=list(colors), range=list(colors.values())),
        legend=alt.Legend(orient="top", columns=3),  # a phone has space for three
    )
