"""Designs: which are ordered, and which are not."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from dashboard import charts, formatting
from dashboard.components import Column, by_currency, heading, nothing, table
from dashboard.reader import Reader
from totesys.dashboard.filters import Filters

MOST, MOST_NAMES = 15, 5
PALETTE = (charts.BLUE, charts.ORANGE, charts.GREEN, charts.PURPLE, charts.SKY)
COLUMNS = [
    Column("design_id", "Design", is_number=True),
    Column("design", "Name"),
    Column("file", "File"),
    Column("orders", "Orders", formatting.count, is_number=True),
    Column("units", "Pieces", formatting.count, is_number=True),
    Column("last_ordered", "Last ordered", formatting.day, is_short=True),
]


def draw(reader: Reader, filters: Filters) -> None:
    """Draw the page."""
    period, scoped = filters.period, {"scope": "sales", **filters.parameters()}
    heading(
        "Designs",
        f"What was ordered from {formatting.day(period.since)} to {formatting.day(period.until)}. Pieces add"
        " up across currencies; amounts do not.",
    )
    [totals] = reader.ask("design_totals", **scoped)
    if not totals["orders"]:
        nothing("No design was ordered in this period that the filters let pass.")
        return
    places = st.columns(3)
    places[0].metric("Designs", formatting.count(totals["designs"]))
    places[1].metric("Ordered in the period", formatting.count(totals["ordered"]),
                     help=formatting.share(totals["ordered"], totals["designs"]))  # fmt: skip
    places[2].metric("Pieces ordered", formatting.count(totals["units"]))
    _over_time(reader, filters)
    st.subheader("The designs ordered most")
    table(COLUMNS, reader.ask("designs_ordered", most=MOST, **scoped), "Designs ordered most")
    st.subheader("Value of orders by name of the design")
    values = by_currency(reader.ask("design_values", most=MOST, **scoped))
    for tab, (currency, rows) in zip(st.tabs(list(values)), values.items(), strict=True):
        with tab:
            chart = charts.ranking(rows, "name", "value", f"Value ({currency})")
            charts.show(chart, f"Value of sales orders in {currency} by name of the design")


def _over_time(reader: Reader, filters: Filters) -> None:
    grain = filters.period.grain
    rows = reader.ask(
        "design_trend", scope="sales", grain=grain, most=MOST_NAMES, **filters.parameters()
    )
    units = Counter[str | None]()
    for row in rows:
        units[row["group_name"]] += row["units"]
    leading = [name for name, _ in units.most_common() if name is not None]
    colours = dict(zip(leading, PALETTE, strict=False))
    rest = _unlike(leading, "Others")
    if None in units:
        colours[rest] = charts.GREY
    named = [
        {**row, "group_name": rest if row["group_name"] is None else row["group_name"]}
        for row in rows
    ]
    st.subheader(f"Pieces ordered by {grain} and name of the design")
    chart = charts.over_time(named, "units", "Pieces", grain, colours, "group_name")
    charts.show(chart, f"Pieces ordered by {grain}, by name of the design")


def _unlike(names: Sequence[str], name: str) -> str:
    """The name, or one like it that none of ``names`` is."""
    while name in names:
        name = f"All {name[:1].lower()}{name[1:]}"
    return name
