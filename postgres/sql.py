"""SQL text put together from identifiers and literals that pg8000 has quoted."""

import re
from collections.abc import Iterable

from pg8000.native import identifier, literal

PLACE = re.compile(r"\{(\w+)\}")


class Sql(str):
    """Text that is SQL already and may be placed as it is."""


def render(template: str, /, **parts: "str | int | Sql") -> Sql:
    """``template`` with every ``{name}`` replaced by the part of that name.

    A plain ``str`` is placed as a quoted identifier, an ``int`` as a literal, and only a ``Sql``
    as it is; so a value can never become SQL by mistake. A name without a part is a KeyError.
    """
    return Sql(PLACE.sub(lambda place: _placed(parts[place[1]]), template))


def _placed(part: "str | int | Sql") -> str:
    if isinstance(part, Sql):
        return part
    return value(part) if isinstance(part, int) else str(identifier(part))


def value(text: "str | int | None") -> Sql:
    """A value as a literal."""
    quoted = str(literal(text))
    return Sql(f" {quoted}" if quoted.startswith("-") else quoted)  # x-{y} must not become x--1


def names(columns: Iterable[str]) -> Sql:
    """Column names, quoted, with commas between."""
    return Sql(", ".join(str(identifier(column)) for column in columns))


def joined(template: str, columns: Iterable[str], by: str = ", ") -> Sql:
    """``template`` rendered once for each column as ``{column}``, with ``by`` between."""
    return Sql(by.join(render(template, column=column) for column in columns))
