"""The Glue job that builds the dimensions of every batch that it has not built yet."""

import sys
from collections.abc import Sequence

import contracts
from glue_jobs.build.batches import build
from glue_jobs.build.dimension_files import DimensionFiles
from glue_jobs.job import Arguments, running
from glue_jobs.json_logs import to_stdout
from glue_jobs.session import Given


def main(argv: Sequence[str], spark: Given = None) -> None:
    """Build them. Nothing to do costs nothing: Spark is not even started."""
    with running(Arguments(__doc__), argv, spark) as job:
        lake = job.lake
        files = DimensionFiles(lake, job.spark, job.run, contracts.source(), contracts.warehouse())
        fingerprint = contracts.warehouse().fingerprint
        build(lake.batches, lake.dimensions, files.make, job.run, contracts=fingerprint)


if __name__ == "__main__":
    to_stdout()
    main(sys.argv[1:])
