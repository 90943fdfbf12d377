"""A job that shows how S3A behaves, with the wheels of the platform, for tests.cloud.test_s3a.

The last line of its output is JSON. At the end the JVM is killed while two writers are at work.
"""

import json
import os
import signal
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.errors import PlatformError
from glue_jobs import parquet
from glue_jobs.parquet import first_cause
from lake.s3 import S3Store, open_bucket

MAGIC = {
    "spark.sql.sources.commitProtocolClass": (
        "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol"
    ),
    "spark.sql.parquet.output.committer.class": (
        "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter"
    ),
    "mapreduce.outputcommitter.factory.scheme.s3": (
        "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory"
    ),
    "fs.s3a.committer.name": "magic",
}
ROWS = 1_000
FOR_EVER = "java_method('java.lang.Thread', 'sleep', 600000L + id)"

parser = ArgumentParser()
for argument in ("lake", "folder", "locked"):
    parser.add_argument(f"--{argument}")
arguments, _ = parser.parse_known_args()
folder, lake, locked = arguments.folder, open_bucket(arguments.lake), open_bucket(arguments.locked)
spark = SparkSession.builder.getOrCreate()
sessions = {"file": spark, "magic": spark.newSession()}
for name, setting in MAGIC.items():
    sessions["magic"].conf.set(name, setting)


def rows(committer: str) -> DataFrame:
    return sessions[committer].range(0, ROWS, 1, 2)


def failure(action: Callable[[], Any]) -> str:
    """Return the error of an action that must fail, with its seconds."""
    started = time.monotonic()
    try:
        action()
    except PlatformError as error:
        return f"{type(error).__name__}: {error} ({time.monotonic() - started:.0f} s)"
    except Py4JJavaError as error:
        return f"{first_cause(error)} ({time.monotonic() - started:.0f} s)"
    return "no failure"


def write(committer: str, store: S3Store, into: str) -> int:
    """Write the rows as a job does; return how many are read."""
    written = rows(committer)
    output = parquet.write(written, store, into, written.schema, by_executors=True)
    return spark.read.parquet(*(store.uri(key) for key in output.files)).count()


def without_region() -> str:
    """List a folder with the settings of the job, but without the region."""
    jvm: Any = spark._jvm
    settings = jvm.org.apache.hadoop.conf.Configuration(spark._jsc.hadoopConfiguration())
    settings.unset("fs.s3a.endpoint.region")
    path = jvm.org.apache.hadoop.fs.Path(lake.uri(folder))
    files = jvm.org.apache.hadoop.fs.FileSystem.newInstance(path.toUri(), settings)
    return failure(lambda: files.listStatus(path))


def with_checksums(committer: str) -> str:
    """Write into the locked bucket with the setting by which S3A sends checksums. A path of another
    scheme has a new file system, with the settings of now."""
    settings = spark._jsc.hadoopConfiguration()
    settings.set("fs.s3a.checksum.validation", "true")
    address = locked.uri(f"checksums-{committer}/").replace("s3:", "s3a:")
    found = failure(lambda: rows(committer).write.parquet(address))
    settings.unset("fs.s3a.checksum.validation")
    return found


def write_rows(frame: DataFrame, into: str) -> None:
    parquet.write(frame, lake, into, frame.schema, by_executors=True)


def broken(committer: str) -> str:
    """Write rows of which the last one cannot be computed."""
    frame = rows(committer).where(F.expr(f"if(id = {ROWS - 1}, raise_error('broken'), true)"))
    return failure(partial(write_rows, frame, f"{folder}-broken-{committer}/"))


def kill_writers() -> None:
    """Kill the JVM when both writers have committed a task, and work at another one."""
    for committer in sessions:
        half = rows(committer).where(F.expr(f"id < {ROWS // 2} or {FOR_EVER} is null"))
        into = f"{folder}-killed-{committer}/"
        writer = Thread(target=write_rows, args=[half, into], daemon=True)
        writer.start()
        while not has_committed_task(committer, into):
            assert writer.is_alive(), f"the writer of {into} ended"
            time.sleep(0.1)
    gateway: Any = spark.sparkContext._gateway
    os.kill(gateway.proc.pid, signal.SIGKILL)


def has_committed_task(committer: str, into: str) -> bool:
    """Return whether a task has ended. The file committer then moves its file into the folder; the
    magic one then lists its uploads, after a marker for each file and a file for each upload."""
    keys = [file.key.removeprefix(into) for file in lake.under(into)]
    if committer == "magic":
        return any(key.endswith(".pendingset") for key in keys)
    return any("/" not in key and key.endswith(".parquet") for key in keys)


found = {
    "region": spark._jsc.hadoopConfiguration().get("fs.s3a.endpoint.region"),
    "without_region": without_region(),
    "locked": {c: failure(partial(write, c, locked, f"{c}/")) for c in sessions},
    "checksums": {c: with_checksums(c) for c in sessions},
    "written": {c: write(c, lake, f"{folder}-{c}/") for c in sessions},
    "busy": write("file", lake, f"{folder}-busy/"),
    "expired": failure(lambda: write("file", lake, f"{folder}-expired/")),
    "broken": {c: broken(c) for c in sessions},
}
kill_writers()
print(json.dumps(found), flush=True)
os._exit(0)  # without farewell to the JVM
