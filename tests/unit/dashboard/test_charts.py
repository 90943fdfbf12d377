import json
from datetime import date, datetime, timedelta
from decimal import Decimal

import altair
import pytest
from altair.utils.schemapi import SchemaValidationError

from dashboard import charts
from dashboard.chart_rows import Spec, chart_data

DAY, NOON = date(2026, 11, 2), datetime(2026, 11, 2, 12)


def values(chart: Spec) -> list[dict[str, object]]:
    [rows] = chart["datasets"].values()
    assert isinstance(rows, list)
    return rows


def test_parts_of_a_bar_are_stacked_in_the_order_of_the_legend():
    rows = [
        {"period": DAY, "state": "Unpaid", "value": Decimal(3)},
        {"period": DAY, "state": "Paid", "value": Decimal("1.5")},
    ]
    colors = {"Paid": charts.BLUE, "Unpaid": charts.ORANGE}
    points = values(charts.bars_over_time(rows, "value", "Amount (EUR)", "week", colors, "state"))
    assert [(bar["state"], bar["bottom"], bar["top"]) for bar in points] == [
        ("Paid", 0.0, 1.5),
        ("Unpaid", 1.5, 4.5),
    ]
    assert points[0]["begins"] == "2026-11-02T00:00:00"
    assert str(points[0]["ends"]) < "2026-11-09"


def ticks(chart: Spec) -> tuple[list[datetime], dict[str, str]]:
    """Return the ticks of a time axis, and the label of each tick's day."""
    axis = chart["encoding"]["x"]["axis"]
    moments = [
        datetime(*(v[part] for part in ("year", "month", "date", "hours", "minutes", "seconds")))
        for v in axis["values"]
    ]
    return moments, json.loads(axis["labelExpr"].split("[")[0])


@pytest.mark.parametrize(
    ("grain", "periods", "names"),
    [
        ("day", [date(2026, 11, 2)], ["2 Nov"]),
        ("week", [date(2026, 10, 26), date(2026, 11, 2)], ["26 Oct", "2 Nov"]),
        ("month", [date(2026, 2, 1), date(2026, 3, 1)], ["Feb 2026", "Mar 2026"]),
    ],
)
def test_tick_is_below_the_middle_of_its_bar_and_shows_the_first_day(
    grain: str, periods: list[date], names: list[str]
):
    rows = [{"period": period, "value": Decimal(1)} for period in periods]
    chart = charts.bars_over_time(rows, "value", "Value (EUR)", grain)
    moments, labels = ticks(chart)
    for moment, bar, name in zip(moments, values(chart), names, strict=True):
        begins, ends = (datetime.fromisoformat(str(bar[side])) for side in ("begins", "ends"))
        assert moment == begins + (ends - begins) / 2
        assert labels[f"{moment:%Y-%m-%d}"] == name


def test_axis_of_many_bars_has_five_ticks():
    rows = [{"period": DAY + timedelta(n), "value": Decimal(1)} for n in range(45)]
    moments, labels = ticks(charts.bars_over_time(rows, "value", "Value (EUR)", "day"))
    assert list(labels.values()) == ["2 Nov", "11 Nov", "20 Nov", "29 Nov", "8 Dec"]
    assert len(moments) == 5


def test_line_is_zero_in_periods_without_rows():
    rows = [
        {"period": date(2026, 11, 6), "kind": "Sales", "value": Decimal(5)},
        {"period": date(2026, 11, 8), "kind": "Sales", "value": Decimal(7)},
        {"period": date(2026, 11, 7), "kind": "Purchases", "value": Decimal(2)},
    ]
    colors = {"Sales": charts.BLUE, "Purchases": charts.ORANGE}
    chart = charts.lines(rows, "value", "Value (EUR)", "day", colors, "kind")
    by_point = {(str(v["begins"])[:10], v["kind"]): v["value"] for v in values(chart)}
    assert by_point == {
        ("2026-11-06", "Sales"): 5, ("2026-11-07", "Sales"): 0, ("2026-11-08", "Sales"): 7,
        ("2026-11-06", "Purchases"): 0, ("2026-11-07", "Purchases"): 2,
        ("2026-11-08", "Purchases"): 0,
    }  # fmt: skip
    assert ticks(chart)[1]["2026-11-07"] == "7 Nov"


def test_chart_of_few_stacked_bars_has_space_for_its_labels():
    rows = [{"batch": "Batch 1", "step": "load", "seconds": 0.5}]
    chart = charts.stacked_bars(rows, "batch", "seconds", "step", "Seconds", {"load": charts.BLUE})
    spec = chart
    assert spec["height"] >= charts.ROW_HEIGHT + 130
    assert spec["encoding"]["y"]["axis"]["labelOverlap"] is False


def test_ranking_of_one_row_has_space_for_its_axis():
    spec = charts.ranking([{"name": "a", "value": Decimal(1)}], "name", "value", "Value")
    assert spec["height"] >= charts.ROW_HEIGHT + 90


def test_numbers_below_one_have_no_si_prefix():
    assert charts.AXIS_NUMBER.startswith("abs(datum.value) < 1 ? format(datum.value, '~g') : ")


def test_axis_of_amounts_shows_the_currency():
    rows = [{"name": "Padberg", "value": Decimal(10)}, {"name": "O'Hara", "value": Decimal(5)}]
    spec = charts.ranking(rows, "name", "value", "Value (GBP)")
    assert spec["layer"][0]["encoding"]["x"]["title"] == "Value (GBP)"


@pytest.mark.parametrize(
    ("values", "domain"),
    [([10, 5], [0, 12]), ([-1, -5], [-5, 1]), ([5, -5], [-5, 7]), ([0], [0, 1])],
)
def test_axis_of_a_ranking_contains_zero_and_every_value(values: list[int], domain: list[int]):
    rows = [{"name": f"Row {value}", "value": Decimal(value)} for value in values]
    spec = charts.ranking(rows, "name", "value", "Value (GBP)")
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == domain


def test_target_is_drawn_even_if_all_loads_are_fast():
    spec = charts.load_times(
        [{"batch": 1, "seconds": Decimal("0.02"), "loaded": NOON, "duration": "", "moment": ""}],
        1800,
    )
    low, high = spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert low == 0.1
    assert high > 1800


ROWS = [
    {"period": DAY, "batch": "1", "kind": kind, "value": Decimal(1), "seconds": 2, "loaded": NOON}
    for kind in ("a", "b")
]
COLORS = {"a": charts.BLUE, "b": charts.ORANGE}
CHARTS = {
    "bars": charts.bars_over_time(ROWS[:1], "value", "Value", "day"),
    "parts": charts.bars_over_time(ROWS, "value", "Value", "month", COLORS, "kind"),
    "lines": charts.lines(ROWS, "value", "Value", "week", COLORS, "kind"),
    "stacked": charts.stacked_bars(ROWS, "batch", "seconds", "kind", "Seconds", COLORS),
    "ranking": charts.ranking(ROWS, "kind", "value", "Value"),
    "loads": charts.load_times(ROWS, 1800),
}


@pytest.mark.parametrize("name", CHARTS)
def test_chart_conforms_to_the_schema_of_vega_lite(name: str):
    chart = CHARTS[name]
    kind = altair.LayerChart if "layer" in chart else altair.Chart
    kind.from_dict(chart).to_dict()
    with pytest.raises(SchemaValidationError):
        kind.from_dict({**chart, "height": "tall"}, validate=False).to_dict()


def test_data_has_another_name_if_its_rows_change():
    one, same, other = (chart_data([{"value": Decimal(n)}])["data"]["name"] for n in (1, 1, 2))
    assert one == same != other
