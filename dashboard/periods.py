"""The period that figures cover, and the period of equal length before it."""

from dataclasses import dataclass
from datetime import date, timedelta

MAX_DAYS, MAX_WEEKS = 45, 7 * 60
"""Days up to which a bar is a day, and up to which it is a week; above, it is a month."""

RELATIVE = {
    "Last 7 days": 7,
    "Last 30 days": 30,
    "Last 90 days": 90,
    "Last 12 months": 365,
    "All": None,
}
"""Days of each period that ends on the last day of the data; None for all days."""

CUSTOM = "Custom range"
DEFAULT = "Last 30 days"


@dataclass(frozen=True)
class Period:
    """Days from ``since`` to ``until``, both included."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @property
    def before(self) -> "Period":
        """The period of equal length that ends on the day before this one."""
        return Period(self.since - timedelta(self.days), self.since - timedelta(1))

    @property
    def grain(self) -> str:
        """The period of one bar in a chart: day, week or month."""
        if self.days <= MAX_DAYS:
            return "day"
        return "week" if self.days <= MAX_WEEKS else "month"


def relative_period(name: str, first: date, last: date) -> Period:
    """Return a period of RELATIVE for data from ``first`` to ``last``."""
    days = RELATIVE[name]
    return Period(first if days is None else last - timedelta(days - 1), last)


def next_start(start: date, grain: str) -> date:
    """Return the first day after the day, week or month that begins at ``start``."""
    if grain == "month":
        return (start.replace(day=28) + timedelta(4)).replace(day=1)
    return start + timedelta(7 if grain == "week" else 1)


def starts(first: date, last: date, grain: str) -> list[date]:
    """Return the first day of each day, week or month from ``first`` to ``last``, which are first
    days themselves."""
    days = [first]
    while days[-1] < last:
        days.append(next_start(days[-1], grain))
    return days
