"""What the entries share: arguments, lake, name of the run, Spark session."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from glue_jobs.errors import InvalidArguments
from glue_jobs.session import Given, LazySession, Session
from lake import Lake, new_run, open_lake

GLUES_OWN = ("JOB_NAME", "JOB_ID", "JOB_RUN_ID")


@dataclass(frozen=True)
class Job:
    """A run of a job. ``spark()`` is the session, started when first asked for."""

    arguments: Namespace
    lake: Lake
    run: str
    spark: Session


class Arguments(ArgumentParser):
    """The arguments of a job; a wrong one raises InvalidArguments instead of ending Python."""

    def __init__(self, about: str | None) -> None:
        # abbreviations are off: Glue adds arguments of its own, and new ones come with time
        super().__init__(description=about, allow_abbrev=False)
        self.add_argument("--ingestion", required=True, metavar="ADDRESS", help="s3:// or file://")
        self.add_argument("--processed", required=True, metavar="ADDRESS", help="s3:// or file://")
        self.add_argument("--generation", type=int, default=1, help="replay of the batch log")
        for name in GLUES_OWN:
            self.add_argument(f"--{name}")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and which arguments there are."""
        raise InvalidArguments(f"{message}. {' '.join(self.format_usage().split())}")


@contextmanager
def running(arguments: Arguments, argv: Sequence[str], spark: Given = None) -> Iterator[Job]:
    """A run of a job for the block. Arguments that nobody knows are Glue's and pass unread.

    Raises InvalidArguments or InvalidLake before anything has happened.
    """
    parsed, _ = arguments.parse_known_args(argv)
    own = {name: getattr(parsed, name) for name in GLUES_OWN if getattr(parsed, name)}
    session = LazySession(spark, own)
    lake = open_lake(parsed.ingestion, parsed.processed, parsed.generation)
    yield Job(parsed, lake, new_run(), session)
    session.succeeded()
