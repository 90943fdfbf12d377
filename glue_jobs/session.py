"""The Spark session of a run. It starts when it is first used."""

from collections.abc import Callable, Mapping
from typing import Any

from py4j.java_gateway import JavaClass
from pyspark.sql import SparkSession

Session = Callable[[], SparkSession]
SessionSource = SparkSession | Session | None
"""A session, a function that returns one, or None for the session of the machine."""

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",  # timestamps have no time zone, and none may shift them
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",  # proleptic Gregorian calendar only
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
"""The settings that the transformations depend on."""


class LazySession:
    """The session from ``source``, by default the one that the machine provides; on Glue that is
    the session of the job. Where Glue's classes exist, ``job`` initializes Glue's own Job."""

    def __init__(self, source: SessionSource = None, job: Mapping[str, str] | None = None) -> None:
        self._source = source
        self._job = job or {}
        self._session: SparkSession | None = None
        self._glue_job: Any = None

    def __call__(self) -> SparkSession:
        """Return the session, and start it on the first call."""
        if self._session is None:
            self._session = self._open()
            for name, value in SETTINGS.items():
                self._session.conf.set(name, value)
            if "JOB_NAME" in self._job and is_glue(self._session):
                self._glue_job = _init_glue_job(self._session, self._job)
        return self._session

    def succeeded(self) -> None:
        """Commit Glue's Job, if it was initialized."""
        if self._glue_job is not None:
            self._glue_job.commit()

    def _open(self) -> SparkSession:
        match self._source:
            case None:
                return SparkSession.builder.getOrCreate()
            case SparkSession():
                return self._source
            case start:
                return start()


def is_glue(session: SparkSession) -> bool:
    """Return whether the JVM has Glue's classes. The Python package alone does not show it."""
    jvm: Any = session._jvm
    return isinstance(jvm.com.amazonaws.services.glue.util.Job, JavaClass)


def _init_glue_job(session: SparkSession, job: Mapping[str, str]) -> Any:
    from awsglue.context import GlueContext  # noqa: PLC0415 - only Glue has the package
    from awsglue.job import Job  # noqa: PLC0415 - only Glue has it

    glue_job = Job(GlueContext(session.sparkContext))
    glue_job.init(job["JOB_NAME"], dict(job))
    return glue_job
