"""How values are spelled for people: money with its currency, days, moments, ages, names."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

NOTHING = "-"
MILLION, BILLION = Decimal(1_000_000), Decimal(1_000_000_000)
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def count(number: float | Decimal) -> str:
    """A whole number with its thousands apart: ``12,345``."""
    return f"{number:,.0f}"


def money(amount: Decimal, currency: str) -> str:
    """An amount to the cent, with its currency: ``12,345.60 EUR``."""
    return f"{amount:,.2f} {currency}"


def short_money(amount: Decimal, currency: str) -> str:
    """An amount for a headline: ``7.55 M EUR``, ``12,346 EUR``."""
    # what decides is the amount as it is written: 999,999.60 would be written as a million
    if abs(round(amount)) < MILLION:
        return f"{amount:,.0f} {currency}"
    if abs(round(amount / MILLION, 2)) < BILLION / MILLION:
        return f"{amount / MILLION:,.2f} M {currency}"
    return f"{amount / BILLION:,.2f} bn {currency}"


def change(now: Decimal | int, before: Decimal | int) -> str | None:
    """By how much more or less it is than before: ``+12.3 %``; None where there was nothing."""
    if not before:
        return None
    return f"{(Decimal(now) / Decimal(before) - 1) * 100:+.1f} %"


def share(part: int, whole: int) -> str:
    """A part in per cent, never rounded up to all of it: ``99.9 %``."""
    if not whole:
        return NOTHING
    tenths = part * 1000 // whole
    return f"{tenths // 10}.{tenths % 10} %" if tenths % 10 else f"{tenths // 10} %"


def day(of: date) -> str:
    """A day: ``3 Nov 2026``."""
    return f"{of.day} {of:%b %Y}"


def moment(of: datetime) -> str:
    """A moment to the second: ``3 Nov 2026, 16:46:49``."""
    return f"{day(of)}, {of:%H:%M:%S}"


def age(seconds: float) -> str:
    """How long something is or was: ``1.4 s``, ``12 min``, ``5 h``, ``3 days``."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.0f} h" if seconds < 2 * DAY else f"{seconds / DAY:.0f} days"


def passed(seconds: float) -> str:
    """How long ago something was, or how long it lasts already: ``24 s``, ``12 min``."""
    return f"{int(seconds)} s" if seconds < MINUTE else age(seconds)


def label(column: str) -> str:
    """A column's name as words: ``agreed_delivery_location_id`` is 'Agreed delivery location'."""
    words = column.removesuffix("_id").replace("_", " ")
    return words[:1].upper() + words[1:]


def value(of: Any, labels: Mapping[Any, str] | None = None) -> str:
    """What a column holds. ``labels`` say what the key of a dimension stands for."""
    if labels is not None:
        return f"{labels[of]} ({of})" if of in labels else str(of)
    match of:
        case None:
            return NOTHING
        case bool():
            return "yes" if of else "no"
        case datetime():
            return moment(of)
        case date():
            return day(of)
        case time():
            return f"{of:%H:%M:%S}"
        case Decimal() | float() | int():
            return f"{of:,}"
    return str(of)


def kind(name: str) -> str:
    """The name of a payment type as words: ``SALES_RECEIPT`` is 'Sales receipt'."""
    return name.replace("_", " ").capitalize()
