"""The queries of the project's pages, run by a reader."""

from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from pg8000.native import Connection

from dashboard.reader import Reader, Rows
from tests.integration.dashboard.conftest import PAYMENTS, PURCHASES, SALES
from tests.integration.warehouse.facts import DAY, add, add_version
from totesys.dashboard import filters

THE_DAY = date.fromisoformat(DAY)
EVERYTHING: dict[str, Any] = {
    "since": THE_DAY, "until": THE_DAY, "currencies": [], "countries": [], "departments": [],
    "partners": [], "people": [], "designs": [],
}  # fmt: skip
NONE_BEFORE: dict[str, Any] = {
    "period_start": THE_DAY,
    "compared_until": date(2023, 12, 31),
    "grain": "day",
    "max_days": 2,
}
RECEIVABLES = {"direction": "Receivables"}


def totals_of(rows: Rows) -> Rows:
    return [row for row in rows if row["is_total"]]


def test_totals_are_by_currency_and_of_the_current_state(star: Connection, reader: Reader):
    add_version(star, SALES, 1, 2, units_sold=20, unit_price="2.50")
    add_version(star, SALES, 3, 2, is_deleted=True)
    rows = reader.query("order_sums", scope="sales", **EVERYTHING, **NONE_BEFORE)
    euro, pound = totals_of(rows)
    assert (pound["currency"], pound["orders"], pound["value"]) == ("currency_code of dim_currency",
            1, Decimal("50.00"))  # fmt: skip
    assert (euro["currency"], euro["units"], euro["value"]) == ("GBP", 4, Decimal("5.00"))


@pytest.mark.parametrize(
    "filter_",
    [
        {"currencies": ["GBP"]},
        {"countries": ["Samoa"]},
        {"departments": ["Sales"]},
        {"partners": [2]},
        {"people": [2]},
        {"designs": [2]},
    ],
)
def test_every_filter_limits_the_rows(star: Connection, reader: Reader, filter_: dict[str, Any]):
    add(star, "dim_design", design_id=2)
    star.run("update warehouse.fact_sales_order set design_id = 2 where sales_order_id = 2")
    filtered = {**EVERYTHING, **filter_}
    [row] = totals_of(reader.query("order_sums", scope="sales", **filtered, **NONE_BEFORE))
    assert (row["orders"], row["value"]) == (1, Decimal("5.00"))


def test_period_limits_the_rows_and_the_days_before_are_counted_separately(
    star: Connection, reader: Reader
):
    later = date(2024, 1, 2)
    compared = {**NONE_BEFORE, "period_start": later, "compared_until": THE_DAY}
    rows = reader.query("order_sums", scope="sales", **{**EVERYTHING, "until": later}, **compared)
    assert [(row["is_total"], row["orders"], row["orders_before"]) for row in rows] == [
        (True, 0, 1), (True, 0, 2)]  # fmt: skip
    since = {**EVERYTHING, "since": later}
    assert not reader.query("order_sums", scope="sales", **since, **compared)


@pytest.mark.parametrize("scope", ["sales", "purchases"])
def test_orders_have_rankings_trends_and_a_list_of_the_largest(
    star: Connection, reader: Reader, scope: str
):
    add_version(star, PURCHASES, 1, 1, item_quantity=3, item_unit_price="1.10")
    scoped = {"scope": scope, **EVERYTHING}
    for group in ("department", "country", "partner", "person"):
        ranked = reader.query("order_ranking", by=group, max_rows=5, **scoped)
        assert all(row["name"] for row in ranked)
        assert ranked
    for grain in ("day", "week", "month"):
        sums = reader.query("order_sums", **scoped, **{**NONE_BEFORE, "grain": grain})
        assert [row["value"] for row in sums if not row["is_total"]] == [
            row["value"] for row in totals_of(sums)
        ]
    largest = reader.query("orders_largest", days=None, max_rows=1, **scoped)
    assert len({row["currency"] for row in largest}) == len(largest)


def test_largest_orders_are_placed_on_the_largest_days(star: Connection, reader: Reader):
    draw = Random(7)
    days = [date(2024, 3, 1 + n) for n in range(20)]
    for day in days:
        add(star, "dim_date", date_id=day)
    for key in range(10, 110):  # few prices, so that many orders have the same value
        of = {"created_date": draw.choice(days), "currency_id": draw.choice((1, 2))}
        add_version(star, SALES, key, 1, unit_price=draw.randint(-3, 9), **of)
    scoped = {"scope": "sales", **EVERYTHING, "since": days[0], "until": days[-1]}
    for rows in (1, 2, 5, 50):
        limits = {**NONE_BEFORE, "max_days": rows, "period_start": days[0]}
        totals = totals_of(reader.query("order_sums", **scoped, **limits))
        largest_days = {day for row in totals for day in row["largest_days"]}
        every, some = (
            reader.query("orders_largest", **scoped, max_rows=rows, days=chosen)
            for chosen in (None, sorted(largest_days))
        )
        assert some == every
        assert len(largest_days) < len(days) or rows > 2


def test_designs_are_counted_and_ranked(star: Connection, reader: Reader):
    scoped = {"scope": "sales", **EVERYTHING}
    name = "design_name of dim_design"
    design, by_name, *values = reader.query("design_sums", max_rows=5, **scoped)
    assert (design["kind"], design["item"], design["units"]) == ("design", name, 15)
    assert (by_name["kind"], by_name["item"], by_name["units"]) == ("name", name, 15)
    assert {row["currency"]: row["value"] for row in values} == {
        "GBP": Decimal("5.00"), "currency_code of dim_currency": Decimal("25.10")}  # fmt: skip
    totals = {name: number for name, number in design.items() if name.startswith("all_")}
    assert totals == {"all_designs": 1, "all_ordered": 1, "all_units": 15}
    [group] = reader.query("design_trend", grain="day", names=[name], **scoped)
    assert (group["group_name"], group["units"]) == (name, 15)


def test_designs_are_ranked_by_units_and_names_in_a_currency_by_value(
    star: Connection, reader: Reader
):
    for design, name in {2: "Steel", 3: "Steel", 4: "Wood"}.items():
        add(star, "dim_design", design_id=design, design_name=name)
    of = {"currency_id": 2, "unit_price": 1}
    for design, units in {2: 30, 3: 20, 4: 40}.items():
        add_version(star, SALES, 10 + design, 1, design_id=design, units_sold=units, **of)
    add_version(star, SALES, 20, 1, design_id=4, units_sold=9, currency_id=1, unit_price=99)
    sums = reader.query("design_sums", scope="sales", max_rows=2, **EVERYTHING)
    ranked = [(row["kind"], row["currency"], row["design_id"], row["item"]) for row in sums]
    unit = "currency_code of dim_currency"
    assert ranked == [
        ("design", None, 4, "Wood"), ("design", None, 2, "Steel"),
        ("name", None, None, "Steel"), ("name", None, None, "Wood"),
        ("value", "GBP", None, "Steel"), ("value", "GBP", None, "Wood"),
        ("value", unit, None, "Wood"), ("value", unit, None, "design_name of dim_design"),
    ]  # fmt: skip
    assert [row["all_ordered"] for row in sums] == [4] * len(sums)


def test_payments_are_paid_unpaid_or_overdue(star: Connection, reader: Reader):
    add_version(star, PAYMENTS, 1, 1, payment_amount="5.00", paid=True)
    add_version(star, PAYMENTS, 2, 1, payment_amount="7.25")
    scoped = {**EVERYTHING, "scope": "payments", "today": date(2024, 1, 5)}
    sums = reader.query("payment_sums", grain="day", **scoped)
    [totals] = totals_of(sums)
    assert (totals["paid"], totals["unpaid"], totals["overdue"], totals["overdue_payments"]) == (
        Decimal("5.00"), Decimal("7.25"), Decimal("7.25"), 1)  # fmt: skip
    [overdue] = reader.query("overdue_sums", **scoped)
    assert overdue == {name: totals[name] for name in overdue}
    receipts = RECEIVABLES
    trend = [(row["state"], row["value"]) for row in sums if not row["is_total"]]
    assert trend == [("Paid", Decimal("5.00")), ("Unpaid", Decimal("7.25"))]
    [overdue] = reader.query("payments_overdue", max_rows=5, **scoped, **receipts)
    assert (overdue["value"], overdue["longest"]) == (Decimal("7.25"), 4)
    assert not reader.query(
        "payments_overdue", max_rows=5, **{**scoped, "today": THE_DAY}, **receipts
    )


def test_currencies_with_the_same_code_are_separate(star: Connection, reader: Reader):
    for currency in (8, 9):
        add(star, "dim_currency", currency_id=currency, currency_code="Unknown")
        add_version(star, SALES, currency, 1, currency_id=currency, units_sold=currency)
        add_version(star, PURCHASES, currency, 1, currency_id=currency)
        add_version(star, PAYMENTS, currency, 1, currency_id=currency)
    both = ["Unknown (8)", "Unknown (9)"]
    scoped = {**EVERYTHING, "currencies": both}
    totals = totals_of(reader.query("order_sums", scope="sales", **scoped, **NONE_BEFORE))
    assert [(row["currency"], row["units"]) for row in totals] == [(both[0], 8), (both[1], 9)]
    late = {"today": date(2024, 1, 5), **RECEIVABLES}
    queries: list[tuple[str, str, dict[str, Any]]] = [
        ("order_sums", "purchases", NONE_BEFORE),
        ("order_ranking", "sales", {"by": "country", "max_rows": 5}),
        ("orders_largest", "sales", {"max_rows": 5, "days": None}),
        ("overdue_sums", "payments", {"today": late["today"]}),
        ("payment_sums", "payments", {"today": late["today"], "grain": "day"}),
        ("payments_overdue", "payments", {**late, "max_rows": 5}),
    ]
    for query, scope, more in queries:
        rows = reader.query(query, scope=scope, **scoped, **more)
        assert list(dict.fromkeys(row["currency"] for row in rows)) == both, query
    sums = reader.query("design_sums", scope="sales", max_rows=5, **scoped)
    assert [row["currency"] for row in sums if row["kind"] == "value"] == both
    offered = [
        row["value"] for row in reader.query("filter_options") if row["filter"] == "currency"
    ]
    assert set(both) < set(offered)
    assert "GBP" in offered


def test_people_and_partners_with_the_same_name_are_separate(star: Connection, reader: Reader):
    for key in (8, 9):
        add(star, "dim_staff", staff_id=key, first_name="Ann", last_name="Lee")
        add(star, "dim_counterparty", counterparty_id=key, counterparty_legal_name="Smith")
        of = {"counterparty_id": key, "unit_price": key}
        add_version(star, SALES, key, 1, sales_staff_id=key, **of)
        add_version(star, PURCHASES, key, 1, staff_id=key, counterparty_id=key, item_unit_price=key)
        add_version(star, PAYMENTS, key, 1, counterparty_id=key, payment_amount=key)
    for scope in ("sales", "purchases"):
        for by, name in {"person": "Ann Lee", "partner": "Smith"}.items():
            ranked = reader.query("order_ranking", scope=scope, by=by, max_rows=5, **EVERYTHING)
            names = [row["name"] for row in ranked if row["name"].startswith(name)]
            assert names == [f"{name} (9)", f"{name} (8)"]
    overdue = reader.query(
        "payments_overdue",
        scope="payments",
        max_rows=5,
        **RECEIVABLES,
        today=date(2024, 1, 5),
        **EVERYTHING,
    )
    assert [row["name"] for row in overdue] == ["Smith (9)", "Smith (8)"]


def test_design_named_others_is_not_the_group_of_other_designs(star: Connection, reader: Reader):
    for design, name in {8: "Others", 9: "Rare"}.items():
        add(star, "dim_design", design_id=design, design_name=name)
        add_version(star, SALES, design, 1, design_id=design, units_sold=100 if design == 8 else 1)
    rows = reader.query("design_trend", scope="sales", grain="day", names=["Others"], **EVERYTHING)
    assert {(row["group_name"], row["units"]) for row in rows} == {("Others", 100), (None, 16)}


def test_reader_gets_the_span_of_orders_and_the_filter_options(star: Connection, reader: Reader):
    assert reader.query("span") == [{"first_day": THE_DAY, "last_day": THE_DAY, "today": None}]
    offered = {row["filter"] for row in reader.query("filter_options")}
    assert offered == set(filters.NAMES)
