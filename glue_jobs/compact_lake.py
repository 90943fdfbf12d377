"""The Glue job that publishes the lake, replaces small files of its tables by large ones, and
creates Athena's views.
"""

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import boto3

from glue_jobs.job import Arguments, open_job
from glue_jobs.json_logs import to_stdout
from glue_jobs.session import SessionSource
from lake.aws import CLIENT_CONFIG
from publish.athena_views import Athena, create_views
from publish.compactor import compact
from publish.glue_catalog import GlueTables
from publish.unreachable import expire_unreachable

RESERVED = 300.0  # seconds for compaction, after which it may end at any point


def main(argv: Sequence[str], spark: SessionSource = None) -> None:
    """Publish, compact, expire the metadata that no table uses, and create Athena's views if they
    are missing or have changed. Spark does not start. Other jobs may publish meanwhile."""
    with open_job("compact_lake", _arguments(), argv, spark) as job:
        glue = boto3.client("glue", config=CLIENT_CONFIG)
        options = job.arguments
        tables = GlueTables(job.lake, glue, options.catalog)
        compact(job.lake, tables, lambda: job.limit.left > RESERVED)
        expire_unreachable(job.lake, tables, timedelta(hours=options.keep_hours))
        if options.views:
            selects = json.loads(Path(options.views).read_text(encoding="utf-8"))["views"]
            client = boto3.client("athena", config=CLIENT_CONFIG)
            athena = Athena(client, glue, options.workgroup, options.catalog)
            create_views(job.lake, tables, athena, selects)


def _arguments() -> Arguments:
    arguments = Arguments(__doc__)
    arguments.add_argument(
        "--catalog",
        required=True,
        metavar="PREFIX",
        help="database of the views in the Data Catalog, and prefix of those of published tables",
    )
    arguments.add_argument(
        "--views",
        metavar="FILE",
        help="the SELECTs of Athena's views (catalog/views.json of the artifacts); without it, none"
        " are created",
    )
    arguments.add_argument(
        "--workgroup", metavar="NAME", help="workgroup of Athena in which views are created"
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
