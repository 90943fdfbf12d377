from datetime import date, datetime, timedelta
from typing import Any

import pytest

from dashboard import address
from dashboard.address import Parameter

DAY = date(2026, 11, 3)


@pytest.mark.parametrize(
    ("parameter", "value", "texts"),
    [
        (address.one_of("by", ["Country", "Customer"], "Country"), "Customer", ["Customer"]),
        (address.some_of("person", [7, 8, 9]), [9, 7], ["9", "7"]),
        (address.flag("changed", default=True), False, ["no"]),
        (address.text("search"), "O'Hara & Söhne", ["O'Hara & Söhne"]),
        (address.days("days", (DAY, DAY), DAY, DAY), (DAY,), ["2026-11-03"]),
        (
            address.moment("moment", None),
            datetime(2026, 11, 3, 7, 5, 9, 120),
            ["2026-11-03T07:05:09.000120"],
        ),
    ],
)
def test_value_is_read_as_it_was_written(parameter: Parameter[Any], value: Any, texts: list[str]):
    assert parameter.texts(value) == texts
    assert parameter.read(texts) == value
    assert parameter.texts(parameter.default) == []


def test_days_outside_the_data_are_left_out():
    days = address.days("days", (DAY, DAY), DAY, DAY)
    assert days.read([f"{DAY - timedelta(days=6)}..{DAY + timedelta(days=1)}"]) == (DAY, DAY)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (address.one_of("by", ["Country"], "Country"), "Color"),
        (address.days("days", (DAY, DAY), DAY, DAY), "2025-11-03..2025-11-04"),
        (address.days("days", (DAY, DAY), DAY, DAY), "soon"),
        (address.moment("moment", None), "2026-11-03T07:05:09+00:00"),
        (address.moment("moment", None), "9" * 5_000),
    ],
)
def test_invalid_text_raises_a_value_error(parameter: Parameter[Any], text: str):
    with pytest.raises(ValueError, match=r".*"):
        parameter.read([text])


def test_options_that_do_not_exist_are_left_out():
    assert address.some_of("person", [7, 8]).read(["9", "8", "8"]) == [8]
