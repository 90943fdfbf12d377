"""The fixtures of the dashboard's tests, for the pages of the project."""

from datetime import date, datetime

import pytest
from pg8000.native import Connection

from tests.integration.dashboard.conftest import (
    Look,
    add_batch,
    empty_cache,
    look,
    owner,
    reader,
    settings,
    shared_owner,
    shared_settings,
    star,
)
from tests.integration.warehouse.facts import add

__all__ = [
    "Look",
    "empty_cache",
    "look",
    "owner",
    "reader",
    "settings",
    "shared_owner",
    "shared_settings",
    "star",
]

LONG_BEFORE, LATER = date(2023, 6, 1), date(2024, 1, 20)
NEXT_DAY = datetime(2024, 1, 2, 0, 30)  # the day after the last order
PAYMENT_TYPES = {
    1: "SALES_RECEIPT", 2: "SALES_REFUND", 3: "PURCHASE_PAYMENT", 4: "PURCHASE_REFUND",
}  # fmt: skip


@pytest.fixture
def business(star: Connection) -> Connection:
    """The star, with further days and all types for payments, observed on the day after."""
    for day in (LONG_BEFORE, LATER):
        add(star, "dim_date", date_id=day)
    for key in (2, 3, 4):
        add(star, "dim_payment_type", payment_type_id=key, payment_type_name=PAYMENT_TYPES[key])
    add_batch(star, 1, NEXT_DAY)
    return star
