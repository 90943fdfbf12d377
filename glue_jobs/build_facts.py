"""The Glue job that builds the facts of every pending batch."""

import sys
from collections.abc import Sequence

import contracts
from glue_jobs.build.arguments import build_arguments
from glue_jobs.build.fact_files import FactFiles
from glue_jobs.build.ranges import Bounds, build
from glue_jobs.build.retry import Retry
from glue_jobs.job import open_job
from glue_jobs.json_logs import to_stdout
from glue_jobs.session import SessionSource


def main(argv: Sequence[str], spark: SessionSource = None) -> None:
    """Build the facts, and retry quarantined rows if the arguments say so. Spark does not start if
    no batch is pending and no row is retried."""
    arguments = build_arguments(__doc__)
    arguments.add_argument(
        "--retry-quarantined",
        nargs="?",
        const="true",
        default="false",
        choices=("true", "false"),
        help="bring back quarantined rows that can be converted now",
    )
    with open_job("build_facts", arguments, argv, spark) as job:
        lake, warehouse = job.lake, contracts.warehouse()
        files = FactFiles(lake, job.spark, job.run, contracts.source(), warehouse)
        build(
            lake.batches,
            lake.facts,
            files.build,
            job.run,
            contracts=warehouse,
            shapes=lake.shapes,
            bounds=Bounds(job.arguments.rows_per_range, job.limit),
        )
        if job.arguments.retry_quarantined == "true":
            Retry(lake, job.spark, contracts.source(), warehouse).run()


if __name__ == "__main__":
    to_stdout()
    main(sys.argv[1:])
