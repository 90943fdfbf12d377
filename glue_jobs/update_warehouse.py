"""The Glue job that builds and loads every pending batch in one Spark session."""

import sys
from collections.abc import Sequence

from glue_jobs import build_dimensions, build_facts, load_warehouse
from glue_jobs.job import Arguments, glue_arguments
from glue_jobs.json_logs import to_stdout
from glue_jobs.session import LazySession, SessionSource
from glue_jobs.time_limit import TimeLimit

STEPS = (build_dimensions.main, build_facts.main, load_warehouse.main)


def main(argv: Sequence[str], spark: SessionSource = None) -> None:
    """Run the jobs of the workflow one after the other, each with its own arguments and its own
    attempt. After a failure the next run repeats only the steps that have not succeeded. Each step
    gets an equal share of the time that is left, so that each of them commits."""
    parsed, _ = Arguments(__doc__).parse_known_args(argv)
    session = LazySession(spark, glue_arguments(parsed))
    limit = TimeLimit(parsed.time_limit)
    for number, step in enumerate(STEPS):
        share = max(1, int(limit.left / (len(STEPS) - number))) if limit.seconds else 0
        step([*argv, "--time-limit", str(share)], session)
    session.succeeded()


if __name__ == "__main__":
    to_stdout()
    main(sys.argv[1:])
