"""SQL text composed of quoted identifiers and literals."""

import re
from collections.abc import Iterable

from pg8000.native import identifier, literal

PLACE = re.compile(r"\{(\w+)\}")


class Sql(str):
    """Text that is SQL and needs no quoting."""


def render(template: str, /, **parts: "str | int | Sql") -> Sql:
    """Return ``template`` with every ``{name}`` replaced by the part of that name.

    A plain ``str`` becomes a quoted identifier and an ``int`` a literal. Only ``Sql`` is placed
    unquoted, so a value cannot become SQL by mistake. Raises KeyError if a part is missing.
    """
    return Sql(PLACE.sub(lambda place: _placed(parts[place[1]]), template))


def _placed(part: "str | int | Sql") -> str:
    if isinstance(part, Sql):
        return part
    return value(part) if isinstance(part, int) else str(identifier(part))


def value(text: "str | int | None") -> Sql:
    """Return the value as a literal."""
    quoted = str(literal(text))
    return Sql(f" {quoted}" if quoted.startswith("-") else quoted)  # x-{y} must not become x--1


def names(columns: Iterable[str]) -> Sql:
    """Return the column names, quoted and separated by commas."""
    return Sql(", ".join(str(identifier(column)) for column in columns))


def joined(template: str, columns: Iterable[str], by: str = ", ") -> Sql:
    """Return ``template`` rendered for each column as ``{column}``, separated by ``by``."""
    return Sql(by.join(render(template, column=column) for column in columns))
