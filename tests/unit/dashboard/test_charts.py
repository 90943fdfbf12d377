from datetime import date, datetime
from decimal import Decimal

from dashboard import charts

DAY, NOON = date(2026, 11, 2), datetime(2026, 11, 2, 12)


def values(chart: charts.Chart) -> list[dict[str, object]]:
    found: list[list[dict[str, object]]] = list(chart.to_dict()["datasets"].values())
    return found[0]


def test_parts_of_a_bar_stand_on_one_another_in_the_order_of_the_legend():
    rows = [
        {"period": DAY, "state": "Not paid yet", "value": Decimal(3)},
        {"period": DAY, "state": "Paid", "value": Decimal("1.5")},
    ]
    colours = {"Paid": charts.BLUE, "Not paid yet": charts.ORANGE}
    drawn = values(charts.over_time(rows, "value", "Amount (EUR)", "week", colours, "state"))
    assert [(bar["state"], bar["bottom"], bar["top"]) for bar in drawn] == [
        ("Paid", 0.0, 1.5),
        ("Not paid yet", 1.5, 4.5),
    ]
    assert drawn[0]["begins"] == "2026-11-02T00:00:00"
    assert str(drawn[0]["ends"]) < "2026-11-09"


def test_axis_of_amounts_names_the_currency():
    rows = [{"name": "Padberg", "value": Decimal(10)}, {"name": "O'Hara", "value": Decimal(5)}]
    made = charts.ranking(rows, "name", "value", "Value (GBP)").to_dict()
    assert made["layer"][0]["encoding"]["x"]["title"] == "Value (GBP)"


def test_promise_is_drawn_even_where_all_is_quick():
    made = charts.delays(
        [{"batch": 1, "seconds": Decimal("0.02"), "loaded": NOON, "told": "", "moment": ""}], 1800
    ).to_dict()
    low, high = made["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert low == 0.1
    assert high > 1800
