from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from dashboard import formatting
from operations.durations import duration


def test_markdown_in_a_value_is_shown_as_text():
    assert formatting.plain("*a* ![x](http://b/c.png) <i>") == (
        r"\*a\* !\[x\](http://b/c.png) \<i\>"
    )
    assert formatting.plain("1,234.50 EUR") == "1,234.50 EUR"


def test_money_has_its_currency_and_thousands_separators():
    assert formatting.money(Decimal("1234567.5"), "EUR") == "1,234,567.50 EUR"


@pytest.mark.parametrize(
    ("amount", "expected"),
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
def test_amounts_in_headlines_are_short(amount: str, expected: str):
    assert formatting.short_money(Decimal(amount), "GBP") == expected


def test_change_has_a_sign_and_is_undefined_from_zero():
    assert formatting.change(Decimal(112), Decimal(100)) == "+12.0 %"
    assert formatting.change(3, 4) == "-25.0 %"
    assert formatting.change(3, 0) is None


def test_share_is_never_rounded_up_to_the_whole():
    assert formatting.share(9_999, 10_000) == "99.9 %"
    assert formatting.share(10, 10) == "100 %"
    assert formatting.share(0, 0) == formatting.NO_VALUE


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(1.44, "1.4 s"), (600, "10 min"), (7_200, "2 h"), (172_800, "2 days")],
)
def test_durations_use_the_unit_that_fits(seconds: float, expected: str):
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-3, "0 s"), (0.02, "0 s"), (24.3, "24 s"), (59.7, "59 s"), (600, "10 min")],
)
def test_elapsed_time_below_a_minute_is_in_whole_seconds(seconds: float, expected: str):
    assert formatting.elapsed(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
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
def test_values_are_formatted_by_type(value: Any, expected: str):
    assert formatting.value(value) == expected


def test_key_of_a_dimension_shows_the_name_of_its_member():
    assert formatting.value(7, {7: "Padberg"}) == "Padberg (7)"
    assert formatting.value(1008, {7: "Padberg"}) == "1008"


def test_name_of_a_column_becomes_a_title():
    assert formatting.label("agreed_delivery_location_id") == "Agreed delivery location"


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 rows"), (1, "1 row"), (1234, "1,234 rows")]
)
def test_noun_agrees_with_its_count(number: int, expected: str):
    assert formatting.plural(number, "row") == expected
