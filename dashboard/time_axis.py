"""The time axis of charts whose bars are days, weeks or months."""

import json
from datetime import date, datetime, timedelta

from dashboard.chart_rows import Spec, encoding
from dashboard.periods import next_start
from dashboard.reader import Rows

GAP = 0.12
"""The share of a period that stays empty between its bar and the next."""

MAX_TICKS = 5
LABEL_FLUSH = 14
"""Pixels from an end of the axis within which a label is moved inwards, or it would be cut off."""

TICK_FORMATS = {"day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}
TICK_DAY = "%Y-%m-%d"


def time_axis(field: str, rows: Rows, grain: str) -> Spec:
    """Return an axis with ticks below the middle of some bars, labeled with their first day.

    Vega's own ticks are at midnights and on Sundays: at the edges of bars, or within them.
    """
    periods = sorted({row["period"] for row in rows})
    labeled = periods[:: -(-len(periods) // MAX_TICKS) or 1]
    ticks = {period: _middle(*_bar(period, grain)) for period in labeled}
    labels = {f"{tick:{TICK_DAY}}": f"{day:{TICK_FORMATS[grain]}}" for day, tick in ticks.items()}
    axis = {
        "values": [_vega(tick) for tick in ticks.values()],
        "labelExpr": f"{json.dumps(labels)}[timeFormat(datum.value, '{TICK_DAY}')]",
        "labelOverlap": True,
        "labelFlush": LABEL_FLUSH,
        "grid": False,
    }
    return encoding(f"{field}:T", title=None, axis=axis)


def bar_times(start: date, grain: str) -> dict[str, str]:
    """Return the two edges and the middle of a period's bar, in ISO 8601."""
    begins, ends = _bar(start, grain)
    middle = _middle(begins, ends)
    return {"begins": begins.isoformat(), "middle": middle.isoformat(), "ends": ends.isoformat()}


def time_format(moments: list[datetime]) -> str:
    """Return the shortest format that distinguishes ticks between these times."""
    span = max(moments) - min(moments)
    if span > timedelta(2):
        return "%-d %b"
    return "%H:%M" if span > timedelta(hours=1) else "%H:%M:%S"


def _bar(start: date, grain: str) -> tuple[datetime, datetime]:
    begins, ends = (datetime(d.year, d.month, d.day) for d in (start, next_start(start, grain)))
    return begins, ends - (ends - begins) * GAP


def _middle(begins: datetime, ends: datetime) -> datetime:
    return begins + (ends - begins) / 2


def _vega(moment: datetime) -> Spec:
    return {
        "year": moment.year,
        "month": moment.month,
        "date": moment.day,
        "hours": moment.hour,
        "minutes": moment.minute,
        "seconds": moment.second,  # Vega does not draw a tick that lies before the first point
    }
