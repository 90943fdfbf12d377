"""The Glue job that builds the dimensions of every pending batch."""

import sys
from collections.abc import Sequence

import contracts
from glue_jobs.build.arguments import build_arguments
from glue_jobs.build.dimension_files import DimensionFiles
from glue_jobs.build.ranges import Bounds, build
from glue_jobs.job import open_job
from glue_jobs.json_logs import to_stdout
from glue_jobs.session import SessionSource


def main(argv: Sequence[str], spark: SessionSource = None) -> None:
    """Build the dimensions. Spark does not start if no batch is pending."""
    with open_job("build_dimensions", build_arguments(__doc__), argv, spark) as job:
        lake, warehouse = job.lake, contracts.warehouse()
        files = DimensionFiles(lake, job.spark, job.run, contracts.source(), warehouse)
        build(
            lake.batches,
            lake.dimensions,
            files.build,
            job.run,
            contracts=warehouse,
            shapes=lake.shapes,
            bounds=Bounds(job.arguments.rows_per_range, job.limit),
        )


if __name__ == "__main__":
    to_stdout()
    main(sys.argv[1:])
