"""Formats for values that people read: amounts, days, times, durations, names."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from operations.durations import MINUTE, duration

NO_VALUE = "-"
MARKDOWN = re.compile(r"([\\`*_\[\]<>$~])")
MILLION, BILLION = Decimal(1_000_000), Decimal(1_000_000_000)


def plain(text: str) -> str:
    """Escape a text for Markdown: ``![x](http://…)`` from a row must not load an image."""
    return MARKDOWN.sub(r"\\\1", text)


def count(number: float | Decimal) -> str:
    """Format a whole number with thousands separators: ``12,345``."""
    return f"{number:,.0f}"


def plural(number: int, noun: str) -> str:
    """Format a count with its noun: ``1 version``, ``3 versions``."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def money(amount: Decimal, currency: str) -> str:
    """Format an amount to the cent, with its currency: ``12,345.60 EUR``."""
    return f"{amount:,.2f} {currency}"


def amount(value: Decimal) -> str:
    """Format an amount to the cent: ``12,345.60``."""
    return f"{value:,.2f}"


def short_money(amount: Decimal, currency: str) -> str:
    """Format an amount for a headline: ``7.55 M EUR``, ``12,346 EUR``."""
    # The rounded amount decides: 999,999.60 is 1.00 M, not 1,000,000.
    if abs(round(amount)) < MILLION:
        return f"{amount:,.0f} {currency}"
    if abs(round(amount / MILLION, 2)) < BILLION / MILLION:
        return f"{amount / MILLION:,.2f} M {currency}"
    return f"{amount / BILLION:,.2f} bn {currency}"


def change(now: Decimal | int, before: Decimal | int) -> str | None:
    """Format the relative change: ``+12.3 %``; None if the value before was 0."""
    if not before:
        return None
    return f"{(Decimal(now) / Decimal(before) - 1) * 100:+.1f} %"


def share(part: int, whole: int) -> str:
    """Format a part as a percentage, rounded down so that only the whole is ``100 %``."""
    if not whole:
        return NO_VALUE
    tenths = part * 1000 // whole
    return f"{tenths // 10}.{tenths % 10} %" if tenths % 10 else f"{tenths // 10} %"


def day(value: date) -> str:
    """Format a day: ``3 Nov 2026``."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """Format a timestamp to the second: ``3 Nov 2026, 16:46:49``."""
    return f"{day(value)}, {value:%H:%M:%S}"


def elapsed(seconds: float) -> str:
    """Format the time since an event, below a minute in whole seconds: ``24 s``, ``12 min``."""
    # Clocks of two machines differ: an event can seem to be in the future.
    return f"{max(0, int(seconds))} s" if seconds < MINUTE else duration(seconds)


def label(column: str) -> str:
    """Return a column's name as a title: ``agreed_delivery_location_id`` is 'Agreed delivery
    location'."""
    title = column.removesuffix("_id").replace("_", " ")
    return title[:1].upper() + title[1:]


def value(content: Any, labels: Mapping[Any, str] | None = None) -> str:
    """Format the content of a column. ``labels`` maps keys of a dimension to their names."""
    if labels is not None:
        return f"{labels[content]} ({content})" if content in labels else str(content)
    match content:
        case None:
            return NO_VALUE
        case bool():
            return "yes" if content else "no"
        case datetime():
            return moment(content)
        case date():
            return day(content)
        case time():
            return f"{content:%H:%M:%S}"
        case Decimal() | float() | int():
            return f"{content:,}"
    return str(content)
