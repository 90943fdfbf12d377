"""The rows of each batch in the files of a range."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from contracts.observation import BATCH_SEQ
from contracts.spark import spark_type
from glue_jobs.parquet import naming_failures, read
from glue_jobs.session import Session, compile_if_many
from lake import Store
from lake.entries import Output, Outputs

SEQ = StructType().add(BATCH_SEQ.name, spark_type(BATCH_SEQ.type))


def count_by_batch(spark: Session, store: Store, groups: Iterable[Outputs]) -> list[Outputs]:
    """Return the same outputs with the rows of each batch, counted in one Spark job for all tables
    of all groups. Each file has the batch of each row in its column ``batch_seq``."""
    known = list(groups)
    keys = [key for group in known for output in group.values() for key in output.files]
    counts = dict[str, Mapping[int, int]]()
    if keys:
        compile_if_many(spark(), sum(output.rows for group in known for output in group.values()))
        counts = dict(_counts(spark, store, keys))
    return [{table: _counted(output, counts) for table, output in group.items()} for group in known]


def _counts(spark: Session, store: Store, keys: list[str]) -> Mapping[str, Mapping[int, int]]:
    """Return file name -> batch -> rows. Spark gives each file a name of its own. Raises
    BuildFailed."""
    rows = read(spark, store, keys, SEQ).groupBy(F.col("_metadata.file_name"), BATCH_SEQ.name)
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    with naming_failures("The files of a range cannot be read"):
        counted = rows.count().coalesce(1).collect()
    for name, seq, count in counted:
        found[name][seq] = count
    return found


def _counted(output: Output, counts: Mapping[str, Mapping[int, int]]) -> Output:
    batches: defaultdict[int, int] = defaultdict(int)
    for key in output.files:
        for seq, rows in counts.get(key.rpartition("/")[2], {}).items():
            batches[seq] += rows
    return Output(output.files, sum(batches.values()), dict(sorted(batches.items())))
