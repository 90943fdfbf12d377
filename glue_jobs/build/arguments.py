"""The arguments that both build jobs share."""

from glue_jobs.build.ranges import RANGE_ROWS
from glue_jobs.job import Arguments


def build_arguments(about: str | None) -> Arguments:
    """Return the arguments of a build job."""
    arguments = Arguments(about)
    arguments.add_argument(
        "--rows-per-range",
        type=int,
        default=RANGE_ROWS,
        metavar="ROWS",
        help="build several batches together, with at most so many landed rows",
    )
    return arguments
