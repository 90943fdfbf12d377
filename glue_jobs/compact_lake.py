"""The Glue job that publishes the lake, and replaces small files of its tables by large ones."""

import sys
from collections.abc import Sequence
from datetime import timedelta

import boto3

from glue_jobs.job import Arguments, open_job
from glue_jobs.json_logs import to_stdout
from glue_jobs.session import SessionSource
from lake.aws import CLIENT_CONFIG
from publish.compactor import compact
from publish.glue_catalog import GlueTables
from publish.unreachable import expire_unreachable

RESERVED = 300.0  # seconds for compaction, after which it may end at any point


def main(argv: Sequence[str], spark: SessionSource = None) -> None:
    """Publish, compact, and expire the metadata that no table uses. Spark does not start. Other
    jobs may publish meanwhile."""
    with open_job("compact_lake", _arguments(), argv, spark) as job:
        glue = boto3.client("glue", config=CLIENT_CONFIG)
        tables = GlueTables(job.lake, glue, job.arguments.catalog)
        compact(job.lake, tables, lambda: job.limit.left > RESERVED)
        expire_unreachable(job.lake, tables, timedelta(hours=job.arguments.keep_hours))


def _arguments() -> Arguments:
    arguments = Arguments(__doc__)
    arguments.add_argument(
        "--catalog",
        required=True,
        metavar="PREFIX",
        help="prefix of the Data Catalog's databases of published tables",
    )
    arguments.add_argument(
        "--keep-hours",
        type=float,
        default=24,
        metavar="HOURS",
        help="age at which metadata that no table uses any more is tagged (24): queries that began"
        " with it must have ended",
    )
    return arguments


if __name__ == "__main__":
    to_stdout()
    main(sys.argv[1:])
