from datetime import date, timedelta

import pytest

from dashboard.periods import (
    COMPARISONS,
    CUSTOM,
    DEFAULT,
    RELATIVE,
    Period,
    bar,
    next_start,
    relative_period,
)

FIRST, LAST = date(2024, 1, 10), date(2026, 11, 25)


def test_relative_period_ends_on_the_last_day_and_has_its_length():
    period = relative_period("Last 30 days", FIRST, LAST)
    assert (period.until, period.days) == (LAST, 30)
    assert relative_period("All", FIRST, LAST) == Period(FIRST, LAST)
    assert DEFAULT in RELATIVE
    assert CUSTOM not in RELATIVE


@pytest.mark.parametrize("least", COMPARISONS.values())
@pytest.mark.parametrize("days", [1, 7, 30, 90, 365])
def test_compared_period_has_the_same_days_of_the_week_and_does_not_overlap(days: int, least: int):
    period = Period(LAST - timedelta(days - 1), LAST)
    before = period.before(least)
    assert before.days == period.days
    assert before.since.weekday() == period.since.weekday()
    assert before.until < period.since
    assert (period.since - before.since).days >= least


def test_period_before_is_the_latest_that_is_comparable():
    period = Period(date(2026, 11, 1), date(2026, 11, 30))
    assert period.before() == Period(date(2026, 9, 27), date(2026, 10, 26))
    week = Period(date(2026, 11, 23), date(2026, 11, 29))
    assert week.before() == Period(date(2026, 11, 16), date(2026, 11, 22))


def test_year_before_begins_on_the_same_day_of_the_week():
    period = Period(date(2026, 11, 23), date(2026, 11, 29))
    year_before = period.before(COMPARISONS["Year before"])
    assert year_before == Period(date(2025, 11, 24), date(2025, 11, 30))


def test_part_of_a_week_is_not_a_whole_bar():
    period = Period(date(2026, 11, 4), date(2026, 11, 29))
    assert not period.contains_all_of(date(2026, 11, 2), "week")
    assert period.contains_all_of(date(2026, 11, 23), "week")
    assert bar(date(2026, 11, 23), "week") == Period(date(2026, 11, 23), date(2026, 11, 29))


@pytest.mark.parametrize(
    ("days", "grain"), [(1, "day"), (45, "day"), (46, "week"), (420, "week"), (421, "month")]
)
def test_longer_periods_have_longer_bars(days: int, grain: str):
    period = Period(date.fromordinal(LAST.toordinal() - days + 1), LAST)
    assert period.grain == grain


@pytest.mark.parametrize(
    ("begins", "grain", "end"),
    [
        (date(2026, 11, 3), "day", date(2026, 11, 4)),
        (date(2026, 11, 2), "week", date(2026, 11, 9)),
        (date(2026, 12, 1), "month", date(2027, 1, 1)),
        (date(2024, 2, 1), "month", date(2024, 3, 1)),
    ],
)
def test_next_bar_starts_after_the_day_week_or_month(begins: date, grain: str, end: date):
    assert next_start(begins, grain) == end
