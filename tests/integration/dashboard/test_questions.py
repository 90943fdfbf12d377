"""The dashboard's questions, asked by a reader."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pg8000.native import Connection

from dashboard.page import project_pages
from dashboard.pages import row_history
from dashboard.reader import Reader
from dashboard.rows import Order, fact
from dashboard.versions import versions
from tests.integration.dashboard.conftest import PAYMENTS, PURCHASES, SALES, saw
from tests.integration.warehouse.facts import DAY, add, add_version
from totesys.dashboard import filters

THE_DAY = date.fromisoformat(DAY)
EVERYTHING: dict[str, Any] = {
    "since": THE_DAY, "until": THE_DAY, "currencies": [], "countries": [], "departments": [],
}  # fmt: skip
NONE_BEFORE = {"begins": THE_DAY}


def test_totals_are_of_each_currency_and_as_orders_are_now(star: Connection, reader: Reader):
    add_version(star, SALES, 1, 2, units_sold=20, unit_price="2.50")
    add_version(star, SALES, 3, 2, is_deleted=True)
    euro, pound = reader.ask("order_totals", scope="sales", **EVERYTHING, **NONE_BEFORE)
    assert (pound["currency"], pound["orders"], pound["value"]) == ("currency_code of dim_currency",
            1, Decimal("50.00"))  # fmt: skip
    assert (euro["currency"], euro["units"], euro["value"]) == ("GBP", 4, Decimal("5.00"))


@pytest.mark.parametrize(
    "narrowed",
    [{"currencies": ["GBP"]}, {"countries": ["Samoa"]}, {"departments": ["Sales"]}],
)
def test_every_filter_narrows(star: Connection, reader: Reader, narrowed: dict[str, Any]):
    [found] = reader.ask("order_totals", scope="sales", **{**EVERYTHING, **narrowed}, **NONE_BEFORE)
    assert (found["orders"], found["value"]) == (1, Decimal("5.00"))


def test_days_narrow_and_the_time_before_is_counted_apart(star: Connection, reader: Reader):
    later = date(2024, 1, 2)
    found = reader.ask("order_totals", scope="sales", **{**EVERYTHING, "until": later},
                       begins=later)  # fmt: skip
    assert [(row["orders"], row["orders_before"]) for row in found] == [(0, 1), (0, 2)]
    assert not reader.ask("order_totals", scope="sales", **{**EVERYTHING, "since": later},
                          begins=later)  # fmt: skip


@pytest.mark.parametrize("scope", ["sales", "purchases"])
def test_orders_are_ranked_drawn_and_listed(star: Connection, reader: Reader, scope: str):
    add_version(star, PURCHASES, 1, 1, item_quantity=3, item_unit_price="1.10")
    scoped = {"scope": scope, **EVERYTHING}
    for group in ("department", "country", "partner", "person"):
        ranked = reader.ask("order_ranking", by=group, most=5, **scoped)
        assert all(row["name"] for row in ranked)
        assert ranked
    for grain in ("day", "week", "month"):
        assert reader.ask("order_trend", grain=grain, **scoped)
    largest = reader.ask("orders_largest", most=1, **scoped)
    assert len({row["currency"] for row in largest}) == len(largest)


def test_designs_are_counted_and_ranked(star: Connection, reader: Reader):
    scoped = {"scope": "sales", **EVERYTHING}
    [totals] = reader.ask("design_totals", **scoped)
    assert totals == {"designs": 1, "ordered": 1, "orders": 3, "units": 15}
    [design] = reader.ask("designs_ordered", most=5, **scoped)
    assert (design["orders"], design["units"]) == (3, 15)
    assert reader.ask("design_values", most=5, **scoped)
    [named] = reader.ask("design_trend", grain="day", most=1, **scoped)
    assert (named["group_name"], named["units"]) == ("design_name of dim_design", 15)


def test_payments_are_paid_due_and_overdue(star: Connection, reader: Reader):
    add_version(star, PAYMENTS, 1, 1, payment_amount="5.00", paid=True)
    add_version(star, PAYMENTS, 2, 1, payment_amount="7.25")
    scoped = {**EVERYTHING, "scope": "payments", "today": date(2024, 1, 5)}
    [totals] = reader.ask("payment_totals", **scoped)
    assert (totals["paid"], totals["unpaid"], totals["overdue"], totals["overdue_payments"]) == (
        Decimal("5.00"), Decimal("7.25"), Decimal("7.25"), 1)  # fmt: skip
    kind = {"kind": "SALES_RECEIPT"}
    assert {row["state"] for row in reader.ask("payment_trend", grain="day", **scoped, **kind)} == {
        "Paid", "Not paid yet"}  # fmt: skip
    [late] = reader.ask("payments_overdue", most=5, **scoped, **kind)
    assert (late["value"], late["longest"]) == (Decimal("7.25"), 4)
    assert not reader.ask("payments_overdue", most=5, **{**scoped, "today": THE_DAY}, **kind)


def found(reader: Reader, kind: str, sought: str) -> list[int]:
    return list(row_history._sought(reader, project_pages().row_kinds[kind], sought))


def test_orders_are_found_by_number_and_by_names_with_the_number_first(
    star: Connection, reader: Reader
):
    assert found(reader, "Sales order", "2") == [2]
    assert found(reader, "Sales order", "o'HARA") == [2]
    assert found(reader, "Sales order", "100%") == [2]
    assert found(reader, "Sales order", "%") == [2]  # no wildcard
    assert found(reader, "Sales order", "design_name") == [3, 2, 1]
    assert found(reader, "Sales order", "99999999999999999999") == []
    assert found(reader, "Sales order", "9" * 5_000) == []
    for order in (1, 17):
        add_version(star, PURCHASES, order, 1, item_code="A1B17")
    assert found(reader, "Purchase order", "1") == [1, 17]
    assert found(reader, "Purchase order", "b17") == [17, 1]


def test_order_that_was_deleted_or_once_had_a_name_is_found(star: Connection, reader: Reader):
    add_version(star, SALES, 2, 2, counterparty_id=1, units_sold=9)
    add_version(star, SALES, 2, 3, is_deleted=True)
    [told] = row_history._sought(
        reader, project_pages().row_kinds["Sales order"], "O'Hara"
    ).values()
    assert told.endswith("deleted")


@pytest.mark.parametrize(("table", "question"), [(SALES, "sales"), (PURCHASES, "purchases")])
def test_orders_changed_lately_are_offered(
    star: Connection, reader: Reader, table: str, question: str
):
    for batch in range(1, 4):
        saw(star, batch, datetime.fromisoformat(f"{DAY} 10:00"))
    add_version(star, table, 7, 1)
    add_version(star, table, 7, 2, counterparty_id=2)
    add_version(star, table, 8, 2)
    add_version(star, table, 8, 3, is_deleted=True)
    recent = reader.ask(f"recent_{question}", batches=10, most=5)
    assert [(row["key"], row["changes"], row["is_deleted"]) for row in recent] == [
        (8, 1, True),
        (7, 1, False),
    ]


@pytest.mark.parametrize(("table", "question"), [(SALES, "sales"), (PURCHASES, "purchases")])
def test_order_that_came_again_is_not_offered_as_deleted(
    star: Connection, reader: Reader, table: str, question: str
):
    saw(star, 4, datetime.fromisoformat(f"{DAY} 10:00"))
    add_version(star, table, 7, 1)
    add_version(star, table, 7, 2, is_deleted=True)
    add_version(star, table, 7, 3)
    [row] = reader.ask(f"recent_{question}", batches=10, most=5)
    assert (row["key"], row["is_deleted"]) == (7, False)


def test_currencies_of_one_name_are_kept_apart(star: Connection, reader: Reader):
    for currency in (8, 9):
        add(star, "dim_currency", currency_id=currency, currency_code="Unknown")
        add_version(star, SALES, currency, 1, currency_id=currency, units_sold=currency)
        add_version(star, PURCHASES, currency, 1, currency_id=currency)
        add_version(star, PAYMENTS, currency, 1, currency_id=currency)
    both = ["Unknown (8)", "Unknown (9)"]
    scoped = {**EVERYTHING, "currencies": both}
    totals = reader.ask("order_totals", scope="sales", **scoped, **NONE_BEFORE)
    assert [(row["currency"], row["units"]) for row in totals] == [(both[0], 8), (both[1], 9)]
    late = {"today": date(2024, 1, 5), "kind": "SALES_RECEIPT"}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("order_totals", "purchases", NONE_BEFORE),
        ("order_trend", "sales", {"grain": "day"}),
        ("order_ranking", "sales", {"by": "country", "most": 5}),
        ("orders_largest", "sales", {"most": 5}),
        ("design_values", "sales", {"most": 5}),
        ("payment_totals", "payments", {"today": late["today"]}),
        ("payment_trend", "payments", {"grain": "day", "kind": late["kind"]}),
        ("payments_overdue", "payments", {**late, "most": 5}),
    ]
    for question, scope, also in asked:
        found = reader.ask(question, scope=scope, **scoped, **also)
        assert [row["currency"] for row in found] == both, question
    offered = [row["value"] for row in reader.ask("choices") if row["kind"] == "currency"]
    assert set(both) < set(offered)
    assert "GBP" in offered


def test_people_and_partners_of_one_name_are_ranked_apart(star: Connection, reader: Reader):
    for key in (8, 9):
        add(star, "dim_staff", staff_id=key, first_name="Ann", last_name="Lee")
        add(star, "dim_counterparty", counterparty_id=key, counterparty_legal_name="Smith")
        of = {"counterparty_id": key, "unit_price": key}
        add_version(star, SALES, key, 1, sales_staff_id=key, **of)
        add_version(star, PURCHASES, key, 1, staff_id=key, counterparty_id=key, item_unit_price=key)
        add_version(star, PAYMENTS, key, 1, counterparty_id=key, payment_amount=key)
    for scope in ("sales", "purchases"):
        for by, name in {"person": "Ann Lee", "partner": "Smith"}.items():
            ranked = reader.ask("order_ranking", scope=scope, by=by, most=5, **EVERYTHING)
            names = [row["name"] for row in ranked if row["name"].startswith(name)]
            assert names == [f"{name} (9)", f"{name} (8)"]
    overdue = reader.ask("payments_overdue", scope="payments", most=5, kind="SALES_RECEIPT",
                         today=date(2024, 1, 5), **EVERYTHING)  # fmt: skip
    assert [row["name"] for row in overdue] == ["Smith (9)", "Smith (8)"]


def test_design_called_others_is_not_the_rest(star: Connection, reader: Reader):
    for design, name in {8: "Others", 9: "Rare"}.items():
        add(star, "dim_design", design_id=design, design_name=name)
        add_version(star, SALES, design, 1, design_id=design, units_sold=100 if design == 8 else 1)
    rows = reader.ask("design_trend", scope="sales", grain="day", most=1, **EVERYTHING)
    assert {(row["group_name"], row["units"]) for row in rows} == {("Others", 100), (None, 16)}


def test_life_of_an_order_agrees_with_the_function_as_of(star: Connection, reader: Reader):
    add_version(star, SALES, 2, 2, units_sold=5, counterparty_id=2)
    add_version(star, SALES, 2, 3, units_sold=5, counterparty_id=2, is_deleted=True)
    order = Order(fact(SALES), 2)
    rows = order.history(reader)
    of = versions(rows, order.columns)
    assert [version.story for version in of] == ["placed", "4 fields changed", "deleted"]
    for version in of:
        then = order.as_of(reader, version.valid_from)
        assert then == (None if version.is_deleted else version.values)
    labels = order.labels(reader, rows)
    assert labels["counterparty_id"] == {2: "O'Hara 100%"}
    assert order.told("unit_price", of[0].values, labels) == "1.25 GBP"


def test_reader_sees_the_span_and_the_choices(star: Connection, reader: Reader):
    assert reader.ask("span") == [{"first_day": THE_DAY, "last_day": THE_DAY, "today": None}]
    kinds = {row["kind"] for row in reader.ask("choices")}
    assert kinds == set(filters._TITLES)
