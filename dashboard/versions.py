"""The versions of an order, and what set each apart from the one before."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

STEPS = 6
"""Moments that can be chosen within the time of a version."""


@dataclass(frozen=True)
class Version:
    """A version: when it held, its values, and the columns in which they differ from before.

    ``valid_to`` is None while it lasts."""

    number: int
    valid_from: datetime
    valid_to: datetime | None
    batch: int
    is_deleted: bool
    values: Mapping[str, Any]
    changed: frozenset[str]
    came_again: bool = False

    @property
    def story(self) -> str:
        """What happened: placed, edited, deleted."""
        if self.is_deleted:
            return "deleted"
        if self.number == 1:
            return "placed"
        if self.came_again:
            return "placed again"
        fields = len(self.changed)
        if not fields:
            return "changed in nothing that is kept here"
        return f"{fields} field{'s' if fields > 1 else ''} changed"


def versions(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> list[Version]:
    """The versions in rows of a history view, oldest first; ``columns`` are those compared."""
    made = list[Version]()
    for row in rows:
        values = {column: row[column] for column in columns}
        before = made[-1] if made else None
        changed = {c for c in columns if before and before.values[c] != values[c]}
        made.append(
            Version(
                row["version"],
                row["valid_from"],
                row["valid_to"],
                row["batch_seq"],
                row["is_deleted"],
                values,
                frozenset(changed),
                came_again=bool(before and before.is_deleted and not row["is_deleted"]),
            )
        )
    return made


def changed_columns(of: Iterable[Version]) -> frozenset[str]:
    """The columns in which any version differs from the one before."""
    return frozenset().union(*(version.changed for version in of))


def moments(of: Sequence[Version], now: datetime) -> list[datetime]:
    """The moments at which the order may be looked at: just before it was there, every change, and
    some between two changes and up to ``now``."""
    begins = [version.valid_from for version in of]
    last = max(now, begins[-1] + timedelta(seconds=1))
    chosen = {begins[0] - timedelta(seconds=1), last}
    for begin, end in zip(begins, [*begins[1:], last], strict=True):
        chosen |= {begin + (end - begin) * step / STEPS for step in range(STEPS)}
    return sorted(chosen)


def version_at(of: Sequence[Version], moment: datetime) -> Version | None:
    """The version that held at a moment; the last one of those that begin at once."""
    place = bisect_right([version.valid_from for version in of], moment)
    return of[place - 1] if place else None
