"""Choose the files that a compaction replaces: small ones of a level become one of the next."""

from collections.abc import Iterator, Sequence

from lake.compactions import Part

FAN = 32
"""Parts of a level that become one. With a batch at each poll of five minutes, 32 files of level 3
hold ten years."""

LEVELS = 3
"""A row is written again at most so many times."""

LARGE = 500_000
"""Rows of a part that is not replaced any more. A compaction holds twice as many in memory."""

Group = list[Part]


def groups(parts: Sequence[Part]) -> Iterator[Group]:
    """Yield the groups of parts that each become one: of one log, because retried rows do not
    belong to the batches, and of one level, so that no row is written more than LEVELS times."""
    for log in dict.fromkeys(part.log for part in parts):
        for level in range(LEVELS):
            small = [p for p in parts if (p.log, p.level) == (log, level) and p.rows < LARGE]
            if len(small) >= FAN:
                yield from (group for group in _of_limited_rows(small) if len(group) > 1)


def _of_limited_rows(parts: Sequence[Part]) -> Iterator[Group]:
    """Yield the parts in groups of at most two times LARGE rows."""
    group: Group = []
    rows = 0
    for part in parts:
        if rows + part.rows > 2 * LARGE:
            yield group
            group, rows = [], 0
        group.append(part)
        rows += part.rows
    yield group
