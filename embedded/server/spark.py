"""A Spark session in this process, small and quick to start."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from embedded.server.java import driver, java_home

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOG4J = Path(__file__).with_name("log4j2.properties")

JVM = (
    "-XX:TieredStopAtLevel=1",  # starts in half the time; as fast up to millions of rows
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Duser.timezone=UTC",  # JDBC writes timestamps in the zone of the JVM
    f'"-Dlog4j2.configurationFile={LOG4J.as_uri()}"',
)
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": " ".join(JVM),
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}


class EmbeddedSpark:
    """Starts a session on first use, once for all threads.

    If this process has a session already, that session is used, and its owner stops it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._session: SparkSession | None = None
        self._folder: Path | None = None

    def get(self) -> "SparkSession":
        """Return the session. Raises NoJava or NoDriver."""
        with self._lock:
            if self._session is None:
                self._session = _existing_session()
            if self._session is None:
                os.environ["JAVA_HOME"] = str(java_home())
                os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
                jar = driver()
                self._folder = Path(tempfile.mkdtemp(prefix="spark-"))
                atexit.register(self.stop)  # for callers that end by an error
                self._session = _session(jar, self._folder)
            return self._session

    def stop(self) -> None:
        """Stop the session if it was started here, and remove its files."""
        atexit.unregister(self.stop)
        with self._lock:
            session, folder = self._session, self._folder
            self._session = self._folder = None
            if folder is not None:
                if session is not None:
                    session.stop()
                shutil.rmtree(folder, ignore_errors=True)


def _existing_session() -> "SparkSession | None":
    from pyspark.sql import SparkSession  # noqa: PLC0415 - a quiet poll needs no Spark

    session = SparkSession._instantiatedSession  # getActiveSession sees only this thread's
    return session if session and session.sparkContext._jsc else None  # None once it is stopped


def _session(jar: Path, folder: Path) -> "SparkSession":
    from pyspark.sql import SparkSession  # noqa: PLC0415 - a quiet poll needs no Spark

    builder = SparkSession.builder.master("local[*]").appName("embedded")
    paths = {
        "spark.driver.extraClassPath": str(jar),
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    for name, value in {**SETTINGS, **paths}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    _write_no_checksum_files(session)
    return session


def _write_no_checksum_files(session: "SparkSession") -> None:
    """Keep Hadoop from writing a .crc beside each local file: in the lake it would be a stray
    object."""
    context = session.sparkContext
    # the JVM exists as long as the session
    files = context._jvm.org.apache.hadoop.fs.FileSystem  # type: ignore[union-attr]
    files.getLocal(context._jsc.hadoopConfiguration()).setWriteChecksum(False)
