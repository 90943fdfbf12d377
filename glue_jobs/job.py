"""The parts that all jobs share: arguments, lake, run name, Spark session."""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import NoReturn

from glue_jobs.errors import InvalidArguments
from glue_jobs.session import LazySession, Session, SessionSource
from glue_jobs.time_limit import TimeLimit
from lake import Lake, new_run, open_lake
from lake.recording import Recording

logger = logging.getLogger(__name__)

GLUE_ARGUMENTS = ("JOB_NAME", "JOB_ID", "JOB_RUN_ID")


@dataclass(frozen=True)
class Job:
    """A run of a job. ``spark()`` returns the session, and starts it on the first call."""

    arguments: Namespace
    lake: Lake
    run: str
    spark: Session
    limit: TimeLimit


class Arguments(ArgumentParser):
    """The arguments of a job. An invalid one raises InvalidArguments and does not exit Python."""

    def __init__(self, about: str | None) -> None:
        # no abbreviations: Glue adds arguments of its own, and may add more
        super().__init__(description=about, allow_abbrev=False)
        self.add_argument("--ingestion", required=True, metavar="ADDRESS", help="s3:// or file://")
        self.add_argument("--processed", required=True, metavar="ADDRESS", help="s3:// or file://")
        self.add_argument("--generation", type=int, default=1, help="replay of the batch log")
        self.add_argument(
            "--time-limit",
            type=int,
            default=0,
            metavar="SECONDS",
            help="end before so many seconds, with what is done committed; 0 for none",
        )
        for name in GLUE_ARGUMENTS:
            self.add_argument(f"--{name}")

    def error(self, message: str) -> NoReturn:
        """Raise InvalidArguments with the message and the usage."""
        raise InvalidArguments(f"{message}. {' '.join(self.format_usage().split())}")


def glue_arguments(parsed: Namespace) -> dict[str, str]:
    """Return the arguments that Glue adds to every job; {} elsewhere."""
    return {name: getattr(parsed, name) for name in GLUE_ARGUMENTS if getattr(parsed, name)}


@contextmanager
def open_job(
    name: str, arguments: Arguments, argv: Sequence[str], spark: SessionSource = None
) -> Iterator[Job]:
    """Provide a run of the job ``name`` for the block, record it as an attempt, and on Glue log its
    end with its duration. Unknown arguments belong to Glue and are ignored.

    Raises InvalidArguments or InvalidLake before the block begins.
    """
    parsed, _ = arguments.parse_known_args(argv)
    session = LazySession(spark, glue_arguments(parsed))
    lake, run = open_lake(parsed.ingestion, parsed.processed, parsed.generation), new_run()
    start, limit = perf_counter(), TimeLimit(parsed.time_limit)
    try:
        with Recording(lake.attempts, name, run):
            yield Job(parsed, lake, run, session, limit)
            session.succeeded()
    finally:
        if parsed.JOB_NAME:  # the dashboard in CloudWatch reads these lines
            seconds = round(perf_counter() - start, 3)
            logger.info("job ended", extra={"job": parsed.JOB_NAME, "seconds": seconds})
