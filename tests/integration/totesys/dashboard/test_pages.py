"""The pages of the project for rows of a warehouse, without a browser."""

import pytest
from pg8000.native import Connection

from tests.integration.dashboard.conftest import PAYMENTS, SALES, Look, metrics
from tests.integration.totesys.dashboard.conftest import LATER, LONG_BEFORE
from tests.integration.warehouse.facts import add, add_version


def test_payments_that_are_due_after_the_last_order_are_shown(business: Connection, look: Look):
    add_version(business, PAYMENTS, 1, 1, payment_amount="7.25", payment_date=LATER)
    app = look("payments")
    assert metrics(app, "Unpaid") == ["7 currency_code of dim_currency"]


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
