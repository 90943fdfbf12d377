"""The Glue job that builds the dimensions of every pending batch."""

import sys
from collections.abc import Sequence

import contracts
from glue_jobs.build.batches import build
from glue_jobs.build.dimension_files import DimensionFiles
from glue_jobs.job import Arguments, open_job
from glue_jobs.json_logs import to_stdout
from glue_jobs.session import SessionSource


def main(argv: Sequence[str], spark: SessionSource = None) -> None:
    """Build the dimensions. Spark does not start if no batch is pending."""
    with open_job("build_dimensions", Arguments(__doc__), argv, spark) as job:
        lake, warehouse = job.lake, contracts.warehouse()
        files = DimensionFiles(lake, job.spark, job.run, contracts.source(), warehouse)
        log, shapes = lake.dimensions, lake.shapes
        build(lake.batches, log, files.build, job.run, contracts=warehouse, shapes=shapes)


if __name__ == "__main__":
    to_stdout()
    main(sys.argv[1:])
