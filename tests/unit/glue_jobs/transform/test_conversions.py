"""Contracts that ask for what cannot be made are refused by name."""

from dataclasses import replace

import pytest

import contracts
from contracts import Type
from glue_jobs.errors import Unconvertible
from glue_jobs.transform.conversions import converted
from glue_jobs.transform.date_dimension import every_day


def test_a_value_of_the_same_type_stays_as_it_is():
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
def test_a_conversion_that_could_lose_something_is_refused(source: Type, target: Type):
    with pytest.raises(Unconvertible, match="Column x is"):
        converted("x", source, target)


def test_a_calendar_with_a_column_that_is_no_part_of_a_date_is_refused():
    calendar = contracts.warehouse().calendars[0]
    moon = replace(calendar.columns[0], name="moon")
    odd = replace(calendar, columns=(*calendar.columns, moon))

    with pytest.raises(Unconvertible, match="moon"):
        every_day(None, odd)  # type: ignore[arg-type] # refused before Spark is looked at
