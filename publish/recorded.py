"""A compaction that is recorded as an attempt."""

from lake import Lake, new_run
from lake.attempts import COMPACT
from lake.recording import Recording
from publish.catalog import PublishedTables
from publish.compactor import Compacted, compact
from publish.waiting import LOADED


def compact_recorded(lake: Lake, catalog: PublishedTables) -> Compacted:
    """Compact, record it as an attempt with its figures, and return the result. Raises what
    `compact` raises."""
    with Recording(lake.attempts, COMPACT, new_run()) as recording:
        recording.figures[LOADED] = lake.loads.last_batch()
        result = compact(lake, catalog)
        recording.figures.update(vars(result))
    return result
