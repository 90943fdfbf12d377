"""Where the periods of a chart lie in time, and how its axis names them."""

import json
from datetime import date, datetime, timedelta

import altair as alt

from dashboard.periods import ends
from dashboard.reader import Rows

LEFT_OUT = 0.12  # of a bar's time, so that bars stand apart
MOST_TICKS = 5
TICKS = {"day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}
TICK_DAY = "%Y-%m-%d"


def times(field: str, rows: Rows, grain: str) -> alt.X:
    """An axis with ticks below the middle of some of the bars, named by when these begin. Left to
    itself it would have them at midnights, weeks at those of Sundays: at the edges of bars, or
    within others."""
    periods = sorted({row["period"] for row in rows})
    shown = periods[:: -(-len(periods) // MOST_TICKS) or 1]
    ticks = {period: _middle(*_bar(period, grain)) for period in shown}
    names = {f"{tick:{TICK_DAY}}": f"{period:{TICKS[grain]}}" for period, tick in ticks.items()}
    axis = alt.Axis(
        values=[_vega(tick) for tick in ticks.values()],
        labelExpr=f"{json.dumps(names)}[timeFormat(datum.value, '{TICK_DAY}')]",
        labelOverlap=True,
        grid=False,
    )
    return alt.X(f"{field}:T", title=None, axis=axis)


def span(begins: date, grain: str) -> dict[str, str]:
    """From where to where a period's bar is drawn, and its middle, as ISO 8601."""
    first, last = _bar(begins, grain)
    middle = _middle(first, last)
    return {"begins": first.isoformat(), "middle": middle.isoformat(), "ends": last.isoformat()}


def clock(rows: Rows) -> str:
    """How the axis spells the moments of these rows: by what sets them apart."""
    moments = [row["loaded"] for row in rows]
    apart = max(moments) - min(moments)
    if apart > timedelta(2):
        return "%-d %b"
    return "%H:%M" if apart > timedelta(hours=1) else "%H:%M:%S"


def _bar(begins: date, grain: str) -> tuple[datetime, datetime]:
    """From where to where the bar of a period is drawn."""
    first, last = (datetime(d.year, d.month, d.day) for d in (begins, ends(begins, grain)))
    return first, last - (last - first) * LEFT_OUT


def _middle(first: datetime, last: datetime) -> datetime:
    return first + (last - first) / 2


def _vega(moment: datetime) -> alt.DateTime:
    return alt.DateTime(
        year=moment.year,
        month=moment.month,
        date=moment.day,
        hours=moment.hour,
        minutes=moment.minute,
        seconds=moment.second,  # a tick just before the first point would not be drawn
    )
