"""What pages draw of a warehouse's rows, without a browser."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection
from streamlit.testing.v1 import AppTest

from dashboard.settings import LAKE, WAREHOUSE, Settings
from tests.integration.dashboard.conftest import PAYMENTS, SALES, saw
from tests.integration.warehouse.facts import add, add_version

PAGE = Path(__file__).with_name("one_page.py")
LONG_BEFORE, AHEAD = date(2023, 6, 1), date(2024, 1, 20)
MORNING = datetime(2024, 1, 2, 0, 30)  # the day after that of the last order
KINDS = {1: "SALES_RECEIPT", 2: "SALES_REFUND", 3: "PURCHASE_PAYMENT", 4: "PURCHASE_REFUND"}


@pytest.fixture
def business(star: Connection) -> Connection:
    """Orders of the day before, and days and kinds for payments."""
    for day in (LONG_BEFORE, AHEAD):
        add(star, "dim_date", date_id=day)
    for key in (2, 3, 4):
        add(star, "dim_payment_type", payment_type_id=key, payment_type_name=KINDS[key])
    saw(star, 1, MORNING)
    return star


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Any:
    """Opens a page."""
    where = settings.warehouse
    monkeypatch.setenv(WAREHOUSE, f"postgresql://{where}")
    monkeypatch.setenv("PGPASSWORD", where.password or "")
    monkeypatch.delenv(LAKE, raising=False)

    def look(path: str) -> AppTest:
        app = AppTest.from_file(str(PAGE), default_timeout=60)
        app.query_params["page"] = path
        app.run()
        assert not app.exception
        return app

    return look


def figures(app: AppTest, title: str) -> list[str]:
    return [metric.value for metric in app.metric if title in metric.label]


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def test_payments_that_are_due_later_stay_before_the_first_order_of_the_day(
    business: Connection, look: Any
):
    add_version(business, PAYMENTS, 1, 1, payment_amount="7.25", payment_date=AHEAD)
    app = look("payments")
    assert figures(app, "Not paid yet") == ["7 currency_code of dim_currency"]


def test_what_is_owed_to_us_and_by_us_is_overdue_apart_and_of_any_time(
    business: Connection, look: Any
):
    for key, amount in {1: 1, 2: 20, 3: 300, 4: 4_000}.items():
        add_version(business, PAYMENTS, key, 1, payment_amount=amount, payment_type_id=key,
                    payment_date=LONG_BEFORE, currency_id=2)  # fmt: skip
    app = look("home")
    assert figures(app, "owed to us") == ["2", "4,001 GBP", "0 currency_code of dim_currency"]
    assert figures(app, "owed by us") == ["2", "320 GBP", "0 currency_code of dim_currency"]


def test_currency_with_overdue_payments_alone_has_its_card(business: Connection, look: Any):
    add(business, "dim_currency", currency_id=3, currency_code="XAU")
    add_version(business, PAYMENTS, 1, 1, payment_amount=5, currency_id=3)
    app = look("home")
    assert "XAU" in [header.value for header in app.subheader]
    assert "5 XAU" in figures(app, "owed to us")


def test_what_is_overdue_is_shown_without_any_order_in_the_period(business: Connection, look: Any):
    add_version(business, PAYMENTS, 1, 1, payment_amount=5, currency_id=2)
    for order in (1, 2, 3):
        add_version(business, SALES, order, 2, is_deleted=True)
    app = look("home")
    assert "No order was placed" in app.info[0].value
    assert "5 GBP" in figures(app, "owed to us")


def test_payment_of_a_kind_that_nobody_knows_is_owed_neither_to_nor_by_us(
    business: Connection, look: Any
):
    add(business, "dim_payment_type", payment_type_id=9, payment_type_name="Unknown")
    add_version(business, PAYMENTS, 1, 1, payment_amount=5, payment_type_id=9, currency_id=2)
    app = look("home")
    assert "5 GBP" in figures(app, "of unknown kind")
    assert "5 GBP" not in figures(app, "owed")


@pytest.mark.parametrize(
    ("kind", "told"),
    [(1, "Who is late"), (4, "Who is late"), (2, "With whom the company is late")],
)
def test_who_is_late_follows_who_owes(business: Connection, look: Any, kind: int, told: str):
    add_version(business, PAYMENTS, 1, 1, payment_type_id=kind)
    assert told in [header.value for header in look("payments").subheader]


def test_platform_says_what_is_measured_and_what_a_rebuild_does_to_it(
    business: Connection, look: Any
):
    business.run("update etl.ledger set committed_at = clock_timestamp(), loaded_at ="
                 " clock_timestamp()")  # fmt: skip
    app = look("platform")
    assert figures(app, "From lake in 30 minutes") == ["100 %"]
    assert "rebuil" in captions(app)
    assert "at most one interval" not in captions(app)
