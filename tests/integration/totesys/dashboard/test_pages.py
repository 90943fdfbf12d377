"""The pages of the project for rows of a warehouse, without a browser."""

import re
from datetime import date
from typing import Any

import pytest
import streamlit as st
from pg8000.native import Connection
from streamlit.testing.v1 import AppTest

from dashboard import address, questions
from dashboard.periods import Period
from dashboard.reader import Reader, Rows
from tests.integration.dashboard.conftest import (
    PAYMENTS,
    PURCHASES,
    SALES,
    Look,
    captions,
    metrics,
)
from tests.integration.totesys.dashboard.conftest import LATER, LONG_BEFORE
from tests.integration.warehouse.facts import add, add_version
from totesys.dashboard import filters


def test_payments_of_the_last_days_are_not_those_of_the_future(business: Connection, look: Look):
    add_version(business, PAYMENTS, 1, 1, payment_amount="7.25", payment_date=LATER)
    app = look("payments")
    assert metrics(app, "Unpaid") == ["0 currency_code of dim_currency"]
    assert metrics(app, "Not due yet") == ["7 currency_code of dim_currency"]
    assert "due from 4 Dec 2023 to 2 Jan 2024" in app.markdown[0].value


@pytest.mark.parametrize("chosen", ["", "&currency=GBP", "&period=Last+7+days", "&partner=2"])
def test_overdue_amounts_are_the_same_on_every_page(business: Connection, look: Look, chosen: str):
    for key, day in {1: LONG_BEFORE, 2: "2024-01-01"}.items():
        add_version(business, PAYMENTS, key, 1, payment_amount=5 * key, payment_date=day,
                    currency_id=2, counterparty_id=2)  # fmt: skip
    add_version(business, PAYMENTS, 3, 1, payment_amount=40, payment_type_id=4, currency_id=2,
                counterparty_id=2)  # fmt: skip
    assert "55 GBP" in metrics(look(f"overview?x=1{chosen}"), "Overdue receivables")
    assert metrics(look(f"payments?x=1{chosen}"), "Overdue") == ["55 GBP"]


def test_customers_with_the_same_name_are_told_apart_among_the_largest_orders(
    business: Connection, look: Look
):
    for key in (8, 9):
        add(business, "dim_counterparty", counterparty_id=key, counterparty_legal_name="Smith")
        add_version(business, SALES, key, 1, counterparty_id=key, currency_id=2)
    page = html(look("sales?currency=GBP"))
    assert ">Smith (8)<" in page
    assert ">Smith (9)<" in page
    assert 'href="history?currency=GBP&amp;kind=Sales+order&amp;order=8"' in page


def test_filters_of_another_page_are_named_and_kept_in_links(business: Connection, look: Look):
    app = look("purchases?design=1&person=1")
    assert "Not applied on this page: design." in captions(app)
    assert "Not applied on this page: design." in captions(app, in_sidebar=False)
    add_version(business, PURCHASES, 1, 1)
    assert "design=1&amp;" in html(look("purchases?design=1"))


def test_filters_are_named_on_the_page_for_paper_and_phones(business: Connection, look: Look):
    app = look("sales?currency=GBP&partner=1&partner=2")
    assert captions(app, in_sidebar=False).startswith("Filtered by Currency: GBP; Customer: ")
    assert " or O'Hara 100%." in captions(app, in_sidebar=False)
    assert "Filtered" not in captions(look("sales"), in_sidebar=False)


def test_overview_says_which_filters_overdue_payments_ignore(business: Connection, look: Look):
    ignored = "not filtered by department and seller or buyer, because they have none"
    assert ignored in look("overview?department=Sales&person=2").markdown[0].value
    assert "not filtered" not in look("overview?partner=2").markdown[0].value


def test_bar_of_a_part_of_a_week_shows_that_part(monkeypatch: pytest.MonkeyPatch):
    written = dict[str, list[str]]()
    monkeypatch.setattr(address, "change", written.update)
    within = Period(date(2026, 9, 2), date(2026, 11, 29))
    filters.choose_bar(date(2026, 8, 31), within)
    assert written == {"period": ["Custom range"], "days": ["2026-09-02..2026-09-06"]}


def test_invalid_parameters_count_as_the_default(business: Connection, look: Look):
    app = look("sales?period=Never&currency=XXX&days=1..2&by=Color&partner=x&compare=&moment=soon")
    values = {box.label: box.value for box in app.selectbox}
    assert (values["Period"], values["Compare with"]) == ("Last 30 days", "Period before")
    assert not any(box.value for box in app.multiselect)


def test_comparison_is_with_the_same_days_of_the_week(business: Connection, look: Look):
    for day, order in {"2023-12-04": 20, "2023-12-25": 21}.items():
        add(business, "dim_date", date_id=day)
        add_version(business, SALES, order, 1, created_date=day, units_sold=1, unit_price="10",
                    currency_id=2)  # fmt: skip
    add_version(business, SALES, 22, 1, units_sold=1, unit_price="15", currency_id=2)
    app = look("overview?period=Last+7+days&currency=GBP")
    assert "Compared with 19 Dec 2023 to 25 Dec 2023, the same days of the week" in (
        app.markdown[0].value
    )
    [sales] = [metric for metric in app.metric if metric.label.startswith("Sales (")]
    assert sales.delta == "+100.0 %"


def test_overdue_receivables_and_payables_are_separate_and_of_any_time(
    business: Connection, look: Look
):
    for key, amount in {1: 1, 2: 20, 3: 300, 4: 4_000}.items():
        add_version(business, PAYMENTS, key, 1, payment_amount=amount, payment_type_id=key,
                    payment_date=LONG_BEFORE, currency_id=2)  # fmt: skip
    app = look("overview")
    assert metrics(app, "Overdue receivables") == [
        "2",
        "4,001 GBP",
        "0 currency_code of dim_currency",
    ]
    assert metrics(app, "Overdue payables") == ["2", "320 GBP", "0 currency_code of dim_currency"]


def test_currency_that_only_has_overdue_payments_has_a_card(business: Connection, look: Look):
    add(business, "dim_currency", currency_id=3, currency_code="XAU")
    add_version(business, PAYMENTS, 1, 1, payment_amount=5, currency_id=3)
    app = look("overview")
    assert "XAU" in [header.value for header in app.subheader]
    assert "5 XAU" in metrics(app, "Overdue receivables")


def test_overdue_payments_are_shown_without_any_order_in_the_period(
    business: Connection, look: Look
):
    add_version(business, PAYMENTS, 1, 1, payment_amount=5, currency_id=2)
    for order in (1, 2, 3):
        add_version(business, SALES, order, 2, is_deleted=True)
    app = look("overview")
    assert "No order in this period" in app.info[0].value
    assert "5 GBP" in metrics(app, "Overdue receivables")


def test_overdue_payment_of_an_unknown_type_is_neither_a_receivable_nor_a_payable(
    business: Connection, look: Look
):
    add(business, "dim_payment_type", payment_type_id=9, payment_type_name="Unknown")
    add_version(business, PAYMENTS, 1, 1, payment_amount=5, payment_type_id=9, currency_id=2)
    app = look("overview")
    assert "5 GBP" in metrics(app, "unknown type")
    assert "5 GBP" not in metrics(app, "receivables") + metrics(app, "payables")


@pytest.mark.parametrize(
    ("payment_type", "title"),
    [(1, "Overdue receivables"), (4, "Overdue receivables"), (2, "Overdue payables"),
     (3, "Overdue payables")],
)  # fmt: skip
def test_title_of_overdue_payments_follows_the_payment_type(
    business: Connection, look: Look, payment_type: int, title: str
):
    add_version(business, PAYMENTS, 1, 1, payment_type_id=payment_type)
    assert title in [header.value for header in look("payments").subheader]


@pytest.mark.parametrize("path", ["overview", "sales", "purchases", "payments", "designs"])
def test_pages_of_an_empty_warehouse_say_so(owner: Connection, look: Look, path: str):
    assert "does not contain orders yet" in look(path).info[0].value


def test_history_of_an_empty_warehouse_offers_the_search(owner: Connection, look: Look):
    app = look("history")
    assert "No order changed recently" in app.info[0].value
    app.text_input[0].set_value("136").run()
    assert "No sales order matches" in app.info[0].value


def markdown(app: AppTest) -> list[str]:
    """Return all texts that the browser renders as Markdown."""
    elements: list[Any] = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info]
    texts = [element.value for element in elements]
    texts += [text for metric in app.metric for text in (metric.label, metric.value, metric.help)]
    texts += [tab.label for tab in app.tabs]
    return texts + [option for group in app.button_group for option in group.options]


@pytest.mark.parametrize("path", ["overview", "sales", "purchases", "payments", "designs"])
def test_names_of_rows_do_not_become_markdown(business: Connection, look: Look, path: str):
    image = "![x](http://example.com/x.png)"
    add(business, "dim_currency", currency_id=7, currency_code=image)
    add(business, "dim_payment_type", payment_type_id=7, payment_type_name=image)
    for table in (SALES, PURCHASES):
        add_version(business, table, 7, 1, currency_id=7)
    add_version(business, PAYMENTS, 7, 1, currency_id=7, payment_type_id=7)
    app = look(path)
    assert not [text for text in markdown(app) if re.search(r"(?<!\\)\[", text)]
    assert path == "designs" or any(r"\[x\]" in text for text in markdown(app))


@pytest.mark.parametrize("path", ["overview", "sales", "designs"])
def test_pages_show_values_of_zero_and_below(business: Connection, look: Look, path: str):
    for order, price in {1: "-3.00", 2: "0", 3: "-0.10"}.items():
        add_version(business, SALES, order, 2, unit_price=price, units_sold=2, currency_id=2)
    app = look(path)
    shown = {metric.value for metric in app.metric}
    assert "6" in shown if path == "designs" else "-6 GBP" in shown


def test_load_between_two_queries_of_a_page_ends_no_page(
    business: Connection, look: Look, monkeypatch: pytest.MonkeyPatch
):
    day, query = date(2023, 12, 20), Reader.query
    add(business, "dim_date", date_id=day)
    add(business, "dim_currency", currency_id=3, currency_code="USD")

    def then_load(reader: Reader, name: str, **parameters: Any) -> Rows:
        rows = query(reader, name, **parameters)
        if name == "order_sums":
            add_version(business, SALES, 9, 1, currency_id=3, created_date=day)
        return rows

    monkeypatch.setattr(Reader, "query", then_load)
    assert "USD" in {tab.label for tab in look("sales").tabs}


def test_direction_that_no_row_has_any_longer_is_replaced(business: Connection, look: Look):
    add_version(business, PAYMENTS, 1, 1, payment_type_id=3)
    add_version(business, PAYMENTS, 2, 1, payment_type_id=1)
    app = look("payments?direction=Payables")
    assert app.button_group[0].value == "Payables"
    add_version(business, PAYMENTS, 1, 2, payment_type_id=3, is_deleted=True)
    st.cache_data.clear()
    app.run()
    assert not app.exception
    assert app.button_group[0].value == "Receivables"


def test_answer_of_a_question_is_limited(
    business: Connection, look: Look, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(questions, "MAX_ROWS", 1)
    app = look("sales")
    [picker] = [box for box in app.selectbox if box.label.endswith("filters do not apply to them")]
    picker.set_value("sales_by_country").run()
    assert not app.exception
    assert "The first 1 rows." in captions(app)


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.main if element.type == "html")
