"""The period that figures cover, and the period that it is compared with."""

from dataclasses import dataclass
from datetime import date, timedelta

MAX_DAYS, MAX_WEEKS = 45, 7 * 60
"""Days up to which a bar is a day, and up to which it is a week; above, it is a month."""

WEEK, YEAR = 7, 7 * 52
"""Days. A year of whole weeks begins and ends on the same days of the week."""

RELATIVE = {
    "Last 7 days": 7,
    "Last 30 days": 30,
    "Last 90 days": 90,
    "Last 12 months": 365,
    "All": None,
}
"""Days of each period that ends on the last day of the data; None for all days."""

ALL, CUSTOM = "All", "Custom range"
DEFAULT = "Last 30 days"
COMPARISONS = {"Period before": 0, "Year before": YEAR}
"""The days, at least, from a compared period to this one."""


@dataclass(frozen=True)
class Period:
    """Days from ``since`` to ``until``, both included."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    def before(self, least: int = 0) -> "Period":
        """Return the latest earlier period of equal length with the same days of the week, which
        begins ``least`` days earlier or more. A period with one more Sunday is not comparable."""
        shift = timedelta(-(-max(self.days, least) // WEEK) * WEEK)
        return Period(self.since - shift, self.until - shift)

    @property
    def grain(self) -> str:
        """The period of one bar in a chart: day, week or month."""
        if self.days <= MAX_DAYS:
            return "day"
        return "week" if self.days <= MAX_WEEKS else "month"

    def contains_all_of(self, start: date, grain: str) -> bool:
        """Return whether the whole day, week or month that begins at ``start`` is in this
        period."""
        return self.since <= start and next_start(start, grain) - timedelta(1) <= self.until


def bar(start: date, grain: str) -> Period:
    """Return the day, week or month that begins at ``start``."""
    return Period(start, next_start(start, grain) - timedelta(1))


def relative_period(name: str, first: date, last: date) -> Period:
    """Return a period of RELATIVE for data from ``first`` to ``last``."""
    days = RELATIVE[name]
    return Period(first if days is None else last - timedelta(days - 1), last)


def next_start(start: date, grain: str) -> date:
    """Return the first day after the day, week or month that begins at ``start``."""
    if grain == "month":
        return (start.replace(day=28) + timedelta(4)).replace(day=1)
    return start + timedelta(WEEK if grain == "week" else 1)


def starts(first: date, last: date, grain: str) -> list[date]:
    """Return the first day of each day, week or month from ``first`` to ``last``, which are first
    days themselves."""
    days = [first]
    while days[-1] < last:
        days.append(next_start(days[-1], grain))
    return days
