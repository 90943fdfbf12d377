"""The versions of a row, and the changes between them."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard import formatting

STEPS = 6
"""Times that the slider offers within each version."""


@dataclass(frozen=True)
class Version:
    """A version: its period, its values, and the columns that changed from the version before.

    ``valid_to`` is None for the current version. ``is_reinserted`` marks the first version after a
    deletion.
    """

    number: int
    valid_from: datetime
    valid_to: datetime | None
    batch: int
    is_deleted: bool
    values: Mapping[str, Any]
    changed: frozenset[str]
    is_reinserted: bool = False

    def describe(self, created: str) -> str:
        """Describe the change that led to this version; ``created`` is the verb for the first."""
        if self.is_deleted:
            return "deleted"
        if self.number == 1:
            return created
        if self.is_reinserted:
            return f"{created} again"
        if not self.changed:
            return "no recorded field changed"
        return f"{formatting.plural(len(self.changed), 'field')} changed"


def versions(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> list[Version]:
    """Return the versions in rows of a history view, oldest first; ``columns`` are compared."""
    result = list[Version]()
    for row in rows:
        values = {column: row[column] for column in columns}
        before = result[-1] if result else None
        changed = {c for c in columns if before and before.values[c] != values[c]}
        result.append(
            Version(
                row["version"],
                row["valid_from"],
                row["valid_to"],
                row["batch_seq"],
                row["is_deleted"],
                values,
                frozenset(changed),
                is_reinserted=bool(before and before.is_deleted and not row["is_deleted"]),
            )
        )
    return result


def changed_columns(all_versions: Iterable[Version]) -> frozenset[str]:
    """Return the columns that changed between any two versions."""
    return frozenset().union(*(version.changed for version in all_versions))


def moments(
    all_versions: Sequence[Version], now: datetime, chosen: datetime | None = None
) -> list[datetime]:
    """Return the times that the slider offers: just before the first version, each change, some
    times within each version up to ``now``, and the time that a person has ``chosen``."""
    begins = [version.valid_from for version in all_versions]
    last = max(now, begins[-1] + timedelta(seconds=1))
    offered = {begins[0] - timedelta(seconds=1), last}
    for begin, end in zip(begins, [*begins[1:], last], strict=True):
        offered |= {begin + (end - begin) * step / STEPS for step in range(STEPS)}
    return sorted(offered | ({chosen} if chosen else set()))


def version_at(all_versions: Sequence[Version], moment: datetime) -> Version | None:
    """Return the version that was valid at a time, or None before the first. Of versions that begin
    at the same time, it is the last."""
    place = bisect_right([version.valid_from for version in all_versions], moment)
    return all_versions[place - 1] if place else None
