"""Designs: which are ordered, how often, and when they were ordered last."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from dashboard import charts, formatting
from dashboard.components import heading, no_match
from dashboard.reader import Reader, Rows
from dashboard.tables import Column, table
from totesys.dashboard.currencies import by_currency, tabs
from totesys.dashboard.filters import Filters, choose_bar

MAX_DESIGNS, MAX_NAMES = 15, 5
PALETTE = (charts.BLUE, charts.ORANGE, charts.GREEN, charts.PURPLE, charts.SKY)
COLUMNS = [
    Column("design_id", "Design ID", is_number=True),
    Column("item", "Name"),
    Column("file", "File"),
    Column("orders", "Orders", formatting.count, is_number=True),
    Column("units", "Units", formatting.count, is_number=True),
    Column("last_ordered", "Last ordered", formatting.day, no_wrap=True),
]


def draw(reader: Reader, filters: Filters) -> None:
    """Draw the page."""
    period, scope = filters.period, {"scope": "sales", **filters.parameters()}
    heading(
        "Designs",
        f"Designs in sales orders from {formatting.day(period.since)} to"
        f" {formatting.day(period.until)}. Units are added across currencies; amounts are not.",
    )
    sums = reader.query("design_sums", max_rows=MAX_DESIGNS, **scope)
    if not sums:
        no_match("No sales order in this period matches the filters.")
        return
    every, some, units = (sums[0][f"all_{name}"] for name in ("designs", "ordered", "units"))
    places = st.columns(3)
    places[0].metric("Designs", formatting.count(every))
    places[1].metric("Designs ordered", formatting.count(some), help=formatting.share(some, every))
    places[2].metric("Units ordered", formatting.count(units))
    _trend(reader, filters, [row["item"] for row in _of_kind(sums, "name")][:MAX_NAMES])
    st.subheader("Most ordered designs")
    table(COLUMNS, _of_kind(sums, "design"), "Most ordered designs")
    st.subheader("Value of orders by design name")
    for currency, rows in tabs(by_currency(_of_kind(sums, "value"))):
        chart = charts.ranking(rows, "item", "value", f"Value ({currency})", is_clickable=False)
        charts.show(chart, f"Value of sales orders in {currency} by design name")


def _of_kind(sums: Rows, kind: str) -> Rows:
    return [row for row in sums if row["kind"] == kind]


def _trend(reader: Reader, filters: Filters, leading: Sequence[str]) -> None:
    """Draw the units of the leading names, and those of all others together."""
    grain = filters.period.grain
    rows = reader.query(
        "design_trend", scope="sales", grain=grain, names=leading, **filters.parameters()
    )
    colors = dict(zip(leading, PALETTE, strict=False))
    others = unused_name(leading, "Others")
    if any(row["group_name"] is None for row in rows):
        colors[others] = charts.GREY
    named = [
        {**row, "group_name": others if row["group_name"] is None else row["group_name"]}
        for row in rows
    ]
    st.subheader(f"Units ordered by {grain} and design name")
    chart = charts.bars_over_time(
        named, "units", "Units", grain, colors, "group_name", filters.period
    )
    charts.show(
        chart,
        f"Units ordered by {grain} and design name",
        lambda day: choose_bar(date.fromisoformat(day), filters.period),
    )


def unused_name(names: Sequence[str], name: str) -> str:
    """Return the name, changed if ``names`` contains it: 'Others', 'All others'."""
    while name in names:
        name = f"All {name[:1].lower()}{name[1:]}"
    return name
