"""The size of a chunk follows the time limit of the job."""

import pytest

from glue_jobs.load.chunks import CHUNKS, ROWS_PER_SECOND, ChunkSize
from glue_jobs.time_limit import NO_LIMIT, TimeLimit


@pytest.mark.parametrize(
    ("limit", "rows"),
    [
        pytest.param(NO_LIMIT, 500_000, id="no limit"),
        pytest.param(TimeLimit(60), 60 * ROWS_PER_SECOND // CHUNKS, id="a third of a minute"),
        pytest.param(TimeLimit(3600), 500_000, id="more time than rows"),
    ],
)
def test_job_with_a_time_limit_commits_several_times(limit: TimeLimit, rows: int) -> None:
    assert ChunkSize(500_000).within(limit) == rows
