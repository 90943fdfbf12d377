"""The Spark session of a run, there from its first use and not before."""

from collections.abc import Callable, Mapping
from typing import Any

from py4j.java_gateway import JavaClass
from pyspark.sql import SparkSession

Session = Callable[[], SparkSession]
Given = SparkSession | Session | None

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",  # timestamps have no zone, and no zone may shift them
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",  # no Julian calendar anywhere
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
"""What the transformations rely on."""


class LazySession:
    """The session that ``given`` is or makes, or else the machine's own, which on Glue is the
    job's. Where Glue's classes exist the run is announced to Glue as ``job`` says."""

    def __init__(self, given: Given = None, job: Mapping[str, str] | None = None) -> None:
        self._given = given
        self._job = job or {}
        self._session: SparkSession | None = None
        self._announced: Any = None

    def __call__(self) -> SparkSession:
        """The session. A run that never asks for it never starts Spark."""
        if self._session is None:
            self._session = self._open()
            for name, value in SETTINGS.items():
                self._session.conf.set(name, value)
            if "JOB_NAME" in self._job and is_glue(self._session):
                self._announced = _announce(self._session, self._job)
        return self._session

    def succeeded(self) -> None:
        """Tell Glue, if it was told of the beginning."""
        if self._announced is not None:
            self._announced.commit()

    def _open(self) -> SparkSession:
        match self._given:
            case None:
                return SparkSession.builder.getOrCreate()
            case SparkSession():
                return self._given
            case make:
                return make()


def is_glue(session: SparkSession) -> bool:
    """Whether the JVM has Glue's classes; the Python package alone says nothing."""
    jvm: Any = session._jvm
    return isinstance(jvm.com.amazonaws.services.glue.util.Job, JavaClass)


def _announce(session: SparkSession, job: Mapping[str, str]) -> Any:
    from awsglue.context import GlueContext  # noqa: PLC0415 - only Glue has the package
    from awsglue.job import Job  # noqa: PLC0415 - only Glue has it

    announced = Job(GlueContext(session.sparkContext))
    announced.init(job["JOB_NAME"], dict(job))
    return announced
