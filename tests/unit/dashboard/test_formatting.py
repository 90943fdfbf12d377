from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from dashboard import formatting


def test_money_has_its_currency_and_its_thousands_apart():
    assert formatting.money(Decimal("1234567.5"), "EUR") == "1,234,567.50 EUR"


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("0", "0 GBP"),
        ("999999.4", "999,999 GBP"),
        ("999999.60", "1.00 M GBP"),
        ("-999999.60", "-1.00 M GBP"),
        ("1000000", "1.00 M GBP"),
        ("995000001", "995.00 M GBP"),
        ("999999999", "1.00 bn GBP"),
        ("-7552170.35", "-7.55 M GBP"),
        ("151234567890", "151.23 bn GBP"),
    ],
)
def test_amounts_of_headlines_are_short(amount: str, told: str):
    assert formatting.short_money(Decimal(amount), "GBP") == told


def test_change_has_its_sign_and_none_compares_with_nothing():
    assert formatting.change(Decimal(112), Decimal(100)) == "+12.0 %"
    assert formatting.change(3, 4) == "-25.0 %"
    assert formatting.change(3, 0) is None


def test_share_is_never_rounded_up_to_all():
    assert formatting.share(9_999, 10_000) == "99.9 %"
    assert formatting.share(10, 10) == "100 %"
    assert formatting.share(0, 0) == formatting.NOTHING


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1.44, "1.4 s"), (600, "10 min"), (7_200, "2 h"), (172_800, "2 days")],
)
def test_ages_are_told_in_the_unit_that_fits(seconds: float, told: str):
    assert formatting.age(seconds) == told


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.02, "0 s"), (24.3, "24 s"), (59.7, "59 s"), (600, "10 min")]
)
def test_time_that_has_passed_is_told_in_whole_seconds(seconds: float, told: str):
    assert formatting.passed(seconds) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "-"),
        ("", ""),
        (True, "yes"),
        (1234, "1,234"),
        (Decimal("1234.50"), "1,234.50"),
        (Decimal(12), "12"),
        (date(2026, 11, 3), "3 Nov 2026"),
        (datetime(2026, 11, 3, 7, 5, 9), "3 Nov 2026, 07:05:09"),
        (time(7, 5, 9, 120), "07:05:09"),
    ],
)
def test_values_are_spelled_for_people(value: Any, told: str):
    assert formatting.value(value) == told


def test_key_of_a_dimension_shows_what_it_stands_for():
    assert formatting.value(7, {7: "Padberg"}) == "Padberg (7)"
    assert formatting.value(1008, {7: "Padberg"}) == "1008"


def test_names_of_columns_and_kinds_become_words():
    assert formatting.label("agreed_delivery_location_id") == "Agreed delivery location"
    assert formatting.kind("SALES_RECEIPT") == "Sales receipt"
