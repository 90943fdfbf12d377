"""One scan of a table: the rows of each bucket, and the buckets with changed rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingestion_lambda.mirror.buckets import SHIFT, key_ranges
from ingestion_lambda.source.scope import NONE, XidRange
from postgres import Connection, Sql, render

SCAN = """
SELECT bucket, count(*), count(*) FILTER (WHERE {condition}) FROM (
    SELECT {key} >> {shift} AS bucket, xmin FROM {schema}.{table}
    UNION ALL SELECT 0, '3'::xid WHERE false
) AS rows GROUP BY bucket
"""
"""The planner takes the buckets of a table to be as many as its keys. It would then let no worker
count. For the result of a UNION ALL it expects 200 groups."""

IN_RANGE = "({key} >= {first} AND {key} < {beyond})"
IN_RANGES = "{condition} AND ({ranges})"


@dataclass(frozen=True)
class BucketScan:
    """The number of rows of each bucket, and the buckets that have rows of a scope."""

    counts: Mapping[int, int]
    changed: Sequence[int]

    def narrowed(self, condition: Sql, key: str) -> Sql:
        """Return the ``condition`` of the scope within the ranges of keys that have its rows. If
        these are most of the table, it stays as it is: a whole table is read faster."""
        if not self.changed:
            return NONE
        if sum(self.counts[bucket] for bucket in self.changed) * 2 > sum(self.counts.values()):
            return condition
        ranges = Sql(
            " OR ".join(
                render(IN_RANGE, key=key, first=first, beyond=beyond)
                for first, beyond in key_ranges(self.changed)
            )
        )
        return render(IN_RANGES, condition=condition, ranges=ranges)


def scan_buckets(
    connection: Connection, schema: str, table: str, key: str, scope: XidRange
) -> BucketScan:
    """Count the rows of a table, and those of the scope, by bucket."""
    names = {"schema": schema, "table": table, "key": key}
    found = connection.run(render(SCAN, shift=SHIFT, condition=scope.condition, **names))
    counts = {bucket: rows for bucket, rows, _ in found}
    return BucketScan(counts, [bucket for bucket, _, changed in found if changed])
