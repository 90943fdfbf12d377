"""The Glue job that builds the facts of every batch that it has not built yet."""

import sys
from collections.abc import Sequence

import contracts
from glue_jobs.build.batches import build
from glue_jobs.build.fact_files import FactFiles
from glue_jobs.build.retry import Retry
from glue_jobs.job import Arguments, running
from glue_jobs.json_logs import to_stdout
from glue_jobs.session import Given


def main(argv: Sequence[str], spark: Given = None) -> None:
    """Build them, and where asked try again what was set apart. Nothing to do costs nothing:
    Spark is not even started."""
    arguments = Arguments(__doc__)
    arguments.add_argument(
        "--retry-quarantined",
        nargs="?",
        const="true",
        default="false",
        choices=("true", "false"),
        help="bring back rows set apart that can be read by now",
    )
    with running(arguments, argv, spark) as job:
        lake = job.lake
        files = FactFiles(lake, job.spark, job.run, contracts.source(), contracts.warehouse())
        fingerprint = contracts.warehouse().fingerprint
        build(lake.batches, lake.facts, files.make, job.run, contracts=fingerprint)
        if job.arguments.retry_quarantined == "true":
            Retry(lake, job.spark, contracts.source(), contracts.warehouse()).run()


if __name__ == "__main__":
    to_stdout()
    main(sys.argv[1:])
