"""The job that loads what was built into the warehouse."""

import os
import sys
from collections.abc import Sequence

import boto3

from glue_jobs.job import Arguments, running
from glue_jobs.load import Target, load
from glue_jobs.logs import to_stdout
from glue_jobs.session import Given
from postgres import resolve


def main(argv: Sequence[str], spark: Given = None) -> None:
    """Load every batch that was built and is not in the warehouse."""
    arguments = Arguments(__doc__)
    arguments.add_argument(
        "--warehouse",
        required=True,
        metavar="REFERENCE",
        help="secretsmanager:NAME or env:VARIABLE",
    )
    arguments.add_argument("--schema", default="warehouse", help="schema of the warehouse's tables")
    with running(arguments, argv, spark) as job:
        address = resolve(job.arguments.warehouse, os.environ, _secret)
        load(job.lake, Target(address, job.arguments.schema), job.run, job.spark)


def _secret(name: str) -> str:
    return boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]


if __name__ == "__main__":
    to_stdout()
    main(sys.argv[1:])
