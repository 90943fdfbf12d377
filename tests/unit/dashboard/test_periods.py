from datetime import date

import pytest

from dashboard.periods import CUSTOM, DEFAULT, RELATIVE, Period, next_start, relative_period

FIRST, LAST = date(2024, 1, 10), date(2026, 11, 25)


def test_relative_period_ends_on_the_last_day_and_has_its_length():
    period = relative_period("Last 30 days", FIRST, LAST)
    assert (period.until, period.days) == (LAST, 30)
    assert relative_period("All", FIRST, LAST) == Period(FIRST, LAST)
    assert DEFAULT in RELATIVE
    assert CUSTOM not in RELATIVE


def test_period_before_has_the_same_length_and_ends_the_day_before():
    period = Period(date(2026, 11, 1), date(2026, 11, 30))
    assert period.before == Period(date(2026, 10, 2), date(2026, 10, 31))
    assert period.before.days == period.days


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
