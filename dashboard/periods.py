"""The period that the figures are about, and the one before it that they are compared with."""

from dataclasses import dataclass
from datetime import date, timedelta

MOST_DAYS, MOST_WEEKS = 45, 7 * 60
"""Days up to which bars are days, and weeks; beyond they are months."""

NAMED = {
    "Last 7 days": 7,
    "Last 30 days": 30,
    "Last 90 days": 90,
    "Last 12 months": 365,
    "All": None,
}
"""Periods by their names, in days."""

CHOSEN = "Between two days"
USUAL = "Last 30 days"


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
        """The period as long that ends where this one begins."""
        return Period(self.since - timedelta(self.days), self.since - timedelta(1))

    @property
    def grain(self) -> str:
        """What a bar of a chart stands for: day, week or month."""
        if self.days <= MOST_DAYS:
            return "day"
        return "week" if self.days <= MOST_WEEKS else "month"


def named(name: str, first: date, last: date) -> Period:
    """A period of NAMED, in data that has orders from ``first`` to ``last``."""
    days = NAMED[name]
    return Period(first if days is None else last - timedelta(days - 1), last)


def ends(begins: date, grain: str) -> date:
    """The day after the day, week or month that begins there."""
    if grain == "month":
        return (begins.replace(day=28) + timedelta(4)).replace(day=1)
    return begins + timedelta(7 if grain == "week" else 1)


def from_to(first: date, last: date, grain: str) -> list[date]:
    """The beginnings of all days, weeks or months from the one that begins at ``first`` to the one
    that begins at ``last``."""
    found = [first]
    while found[-1] < last:
        found.append(ends(found[-1], grain))
    return found
