"""A Spark session in this process, small and quick to start."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from embedded.server import class_archive
from embedded.server.java import java_home

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOG4J = Path(__file__).with_name("log4j2.properties")

JVM = (
    "-XX:TieredStopAtLevel=1",  # starts in half the time; as fast up to millions of rows
    "-XX:+UseSerialGC",
    "-XX:ReservedCodeCacheSize=240m",  # of 48 MB, the default here, compiled code is thrown away
    "-XX:MetaspaceSize=256m",  # less starts full collections while Spark's classes are loaded
    "-XX:-UsePerfData",
    "-Duser.timezone=UTC",
    "-Duser.language=en",
    "-Duser.country=US",
    "-Dfile.encoding=UTF-8",
    "-Dsun.jnu.encoding=UTF-8",  # of file names
    f'"-Dlog4j2.configurationFile={LOG4J.as_uri()}"',
)
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}

FOREIGN_PREFIXES = ("SPARK_", "PYSPARK_", "HADOOP_", "YARN_", "HIVE_")
FOREIGN_NAMES = ("CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
"""Environment variables with which another Spark, Hadoop or Java of the machine is configured."""


class EmbeddedSpark:
    """Starts a session on first use, once for all threads.

    If this process has a session already, that session is used, and its owner stops it. With
    ``writes_archive`` the JVM writes the class-data archive when it ends.
    """

    def __init__(self, *, writes_archive: bool = False) -> None:
        self._archive_options = class_archive.writing if writes_archive else class_archive.reading
        self._lock = Lock()
        self._session: SparkSession | None = None
        self._folder: Path | None = None

    def get(self) -> "SparkSession":
        """Return the session. Raises NoJava."""
        with self._lock:
            if self._session is None:
                self._session = _running_session()
            if self._session is None:
                java, options = java_home(), self._archive_options(archive())
                self._folder = Path(tempfile.mkdtemp(prefix="spark-"))
                atexit.register(self.stop)  # for a process that ends with an error
                with _environment(java, self._folder):
                    self._session = _start(self._folder, options)
            return self._session

    def stop(self) -> None:
        """Stop the session, if it started, and remove its files."""
        atexit.unregister(self.stop)
        with self._lock:
            session, folder = self._session, self._folder
            self._session = self._folder = None
            if folder is not None:
                if session is not None:
                    session.stop()
                shutil.rmtree(folder, ignore_errors=True)

    def end_java(self) -> None:
        """Stop the session, and wait until its JVM has ended and written its archive."""
        from pyspark import SparkContext  # noqa: PLC0415 - a quiet poll does without

        self.stop()
        if gateway := SparkContext._gateway:
            gateway.proc.stdin.close()
            gateway.proc.wait()


def archive() -> Path:
    """Return the file of the class-data archive, if it exists or not. Raises NoJava."""
    return class_archive.archive_file(java_home(), (_spark_home() / "jars").iterdir())


def _running_session() -> "SparkSession | None":
    from pyspark.sql import SparkSession  # noqa: PLC0415 - a quiet poll does without

    session = SparkSession._instantiatedSession  # getActiveSession is one of this thread's
    return session if session and session.sparkContext._jsc else None  # None once it is stopped


@contextmanager
def _environment(java: Path, folder: Path) -> Iterator[None]:
    """Set the environment in which Spark starts, for the block: without the settings of another
    Spark, Hadoop or Java, which could change values, and with file names in UTF-8."""
    own = {
        "JAVA_HOME": str(java),
        "SPARK_HOME": str(_spark_home()),
        "SPARK_CONF_DIR": str(class_archive.configuration_folder() or _empty(folder / "conf")),
        "PYSPARK_PYTHON": sys.executable,
        "LC_ALL": "C.UTF-8",
    }
    foreign = (n for n in os.environ if n.startswith(FOREIGN_PREFIXES) or n in FOREIGN_NAMES)
    before = {name: os.environ.get(name) for name in {*own, *foreign}}
    _set({**dict.fromkeys(before), **own})
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    """Set environment variables, or remove those that are None."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _spark_home() -> Path:
    import pyspark  # noqa: PLC0415 - a quiet poll does without

    return Path(pyspark.__file__).parent


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _start(folder: Path, options: Sequence[str]) -> "SparkSession":
    from pyspark.sql import SparkSession  # noqa: PLC0415 - a quiet poll does without

    builder = SparkSession.builder.master("local[*]").appName("embedded")
    own = {
        "spark.driver.extraJavaOptions": " ".join((*JVM, *options)),
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    for name, value in {**SETTINGS, **own}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    _write_no_checksum_files(session)
    return session


def _write_no_checksum_files(session: "SparkSession") -> None:
    """Turn off the hidden .crc file that Hadoop writes beside each local file: in the lake it would
    be a stray object."""
    context = session.sparkContext
    # the JVM exists while the session does
    files = context._jvm.org.apache.hadoop.fs.FileSystem  # type: ignore[union-attr]
    files.getLocal(context._jsc.hadoopConfiguration()).setWriteChecksum(False)
