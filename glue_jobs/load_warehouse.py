"""The Glue job that loads every pending batch into the warehouse."""

import os
import sys
from collections.abc import Sequence

import boto3

from glue_jobs.job import Arguments, open_job
from glue_jobs.json_logs import to_stdout
from glue_jobs.load.chunks import CHUNK_ROWS, ChunkSize
from glue_jobs.load.publishing import publish_loaded
from glue_jobs.load.transaction import Target, load
from glue_jobs.session import SessionSource
from lake.aws import CLIENT_CONFIG, read_secret
from postgres import resolve


def main(argv: Sequence[str], spark: SessionSource = None) -> None:
    """Load every batch that was built and is not in the warehouse yet, and publish what the
    warehouse has. Spark does not start."""
    with open_job("load_warehouse", _arguments(), argv, spark) as job:
        options = job.arguments
        address = resolve(options.warehouse, os.environ, read_secret, options.ca_bundle)
        size = ChunkSize(options.rows_per_transaction, options.allow_large_batch == "true")
        target = Target(address, options.schema)
        load(job.lake, target, job.run, size, job.limit)
        if options.catalog:
            glue = boto3.client("glue", config=CLIENT_CONFIG)
            publish_loaded(job.lake, glue, options.catalog, job.limit)


def _arguments() -> Arguments:
    arguments = Arguments(__doc__)
    _add_warehouse(arguments)
    _add_catalog(arguments)
    _add_size(arguments)
    return arguments


def _add_warehouse(arguments: Arguments) -> None:
    arguments.add_argument(
        "--warehouse",
        required=True,
        metavar="REFERENCE",
        help="secretsmanager:NAME or env:VARIABLE",
    )
    arguments.add_argument("--schema", default="warehouse", help="schema of the warehouse's tables")
    arguments.add_argument(
        "--ca-bundle",
        metavar="FILE",
        help="CA certificates that verify a remote warehouse (PGSSLROOTCERT)",
    )


def _add_catalog(arguments: Arguments) -> None:
    arguments.add_argument(
        "--catalog",
        nargs="?",  # Glue may omit an empty value
        metavar="PREFIX",
        help="prefix of the Data Catalog's databases in which to publish Iceberg tables; without"
        " it, none are published",
    )


def _add_size(arguments: Arguments) -> None:
    arguments.add_argument(
        "--rows-per-transaction",
        type=int,
        default=CHUNK_ROWS,
        metavar="ROWS",
        help="commit whole batches with at most so many rows together; a job with a time limit"
        " commits more often",
    )
    arguments.add_argument(
        "--allow-large-batch",
        nargs="?",
        const="true",
        default="false",
        choices=("true", "false"),
        help="load a batch that may need longer than the time limit",
    )


if __name__ == "__main__":
    to_stdout()
    main(sys.argv[1:])
