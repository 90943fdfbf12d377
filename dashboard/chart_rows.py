"""Rows as charts need them: stacked, without gaps, and as data and encodings of Vega-Lite."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from dashboard.periods import starts
from dashboard.reader import Rows

Spec = dict[str, Any]
"""A Vega-Lite specification, or a part of one."""

TYPES = {"Q": "quantitative", "N": "nominal", "T": "temporal"}
TIME_FIELDS = {"begins": "date", "middle": "date", "ends": "date", "loaded": "date"}
FORMAT = {"type": "json", "parse": TIME_FIELDS}
"""Vega does not infer that the end of a bar is a time."""


def stacked(rows: Rows, value: str, split: str, order: Sequence[str]) -> Rows:
    """Return the rows with the bottom and the top of their part of a bar. Vega does not stack bars
    whose width is a time span."""
    tops: dict[date, Decimal] = {}
    parts = []
    for row in sorted(rows, key=lambda row: order.index(row[split]) if split else 0):
        bottom = tops.get(row["period"], Decimal(0))
        tops[row["period"]] = bottom + row[value]
        parts.append({**row, "bottom": bottom, "top": bottom + row[value]})
    return parts


def filled(rows: Rows, value: str, grain: str, split: str, names: Sequence[str]) -> Rows:
    """Return the rows, with 0 for each period between them that has no row of a name. Otherwise
    the line would connect its neighbors."""
    if not rows:
        return []
    periods = [row["period"] for row in rows]
    zeros: Rows = [
        {"period": period, split: name, value: Decimal(0)}
        for period in starts(min(periods), max(periods), grain)
        for name in names
    ]
    by_point = {(row["period"], row[split]): row for row in (*zeros, *rows)}
    return list(by_point.values())


def encoding(shorthand: str, **properties: Any) -> Spec:
    """Return how a chart shows a field: ``amount:Q`` is the quantitative field ``amount``."""
    name, kind = shorthand.rsplit(":", 1)
    return {"field": name, "type": TYPES[kind], **properties}


def chart_data(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Return the rows as the data of a chart. Its name changes with the rows: for a known name the
    browser would keep the chart, and not read the times of new rows."""
    values = [{name: _json(value) for name, value in row.items()} for row in rows]
    name = f"data-{sha256(repr(values).encode()).hexdigest()}"
    return {"data": {"name": name, "format": FORMAT}, "datasets": {name: values}}


def _json(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
    return value
