"""A contract that asks for an unknown conversion is refused, and the column is named."""

from dataclasses import replace

import pytest

import contracts
from contracts import Type
from glue_jobs.errors import Unconvertible
from glue_jobs.transform.conversions import converted
from glue_jobs.transform.date_dimension import calendar_rows


def test_value_of_the_same_type_is_unchanged():
    assert converted("unit_price", Type("numeric", 10, 2), Type("numeric", 10, 2)) == "unit_price"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (Type("boolean"), Type("date")),
        (Type("numeric", 10, 2), Type("numeric", 10, 3)),
        (Type("bigint"), Type("int")),
    ],
    ids=str,
)
def test_conversion_that_can_lose_information_is_refused(source: Type, target: Type):
    with pytest.raises(Unconvertible, match="Column x is"):
        converted("x", source, target)


def test_calendar_column_that_is_not_part_of_a_date_is_refused():
    calendar = contracts.warehouse().calendars[0]
    moon = replace(calendar.columns[0], name="moon")
    invalid = replace(calendar, columns=(*calendar.columns, moon))

    with pytest.raises(Unconvertible, match="moon"):
        calendar_rows(None, invalid)  # type: ignore[arg-type] # refused before Spark is used
