"""The Spark session of a run. It starts when it is first used."""

from collections.abc import Callable, Mapping
from typing import Any

from py4j.java_gateway import JavaClass
from pyspark.sql import SparkSession

Session = Callable[[], SparkSession]
SessionSource = SparkSession | Session | None
"""A session, a function that returns one, or None for the session of the machine."""

SETTINGS = {
    # timestamps and dates: no time zone, the proleptic Gregorian calendar, one formatter
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.datetime.java8API.enabled": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",  # LEGACY formats no fraction of NTZ seconds
    "spark.sql.legacy.typeCoercion.datetimeToString.enabled": "false",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96AsTimestamp": "true",
    "spark.sql.parquet.int96TimestampConversion": "false",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.legacy.parquet.nanosAsLong": "false",
    # expressions: types, literals, NULL and errors
    "spark.sql.ansi.enabled": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    "spark.sql.ansi.enforceReservedKeywords": "false",
    "spark.sql.caseSensitive": "false",
    "spark.sql.charAsVarchar": "false",
    "spark.sql.legacy.charVarcharAsString": "false",
    "spark.sql.readSideCharPadding": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.legacy.allowNegativeScaleOfDecimal": "false",
    "spark.sql.legacy.exponentLiteralAsDecimal.enabled": "false",
    "spark.sql.legacy.literal.pickMinimumPrecision": "true",
    "spark.sql.legacy.json.allowEmptyString.enabled": "false",
    "spark.sql.json.enablePartialResults": "true",
    "spark.sql.mapKeyDedupPolicy": "EXCEPTION",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.parser.quotedRegexColumnNames": "false",
    "spark.sql.storeAssignmentPolicy": "ANSI",
    "spark.sql.variable.substitute": "false",  # '${env:X}' in an expression stays text
    # files: all of them, with exactly the columns of the schema
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.files.maxRecordsPerFile": "0",
    "spark.sql.execution.arrow.useLargeVarTypes": "false",  # of the rows of glue_jobs/landed.py
    "spark.sql.parquet.binaryAsString": "false",
    "spark.sql.parquet.fieldId.read.enabled": "false",
    "spark.sql.parquet.fieldId.read.ignoreMissing": "false",
    "spark.sql.parquet.fieldId.write.enabled": "true",
    "spark.sql.parquet.mergeSchema": "false",
    "spark.sql.parquet.respectSummaryFiles": "false",
    "spark.sql.parquet.writeLegacyFormat": "false",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "true",
    "spark.sql.sources.useV1SourceList": "avro,csv,json,kafka,orc,parquet,text",
}
"""Every setting of Spark 3.5 that changes the value of an expression, the rows that are read from a
file, or how values are written. The session sets them all, so that no configuration file,
environment variable or default of a platform changes a value. They are Spark's defaults, except for
the time zone, the calendar and the format of timestamps. Settings of speed are not among them."""

SPEED = {
    # tasks in which the files of a range are looked up: one for each file costs more than the range
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "16",
    # the text of a plan that Spark makes for its user interface at each query
    "spark.sql.ui.explainMode": "simple",
}

COMPILED = {
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.execution.arrow.localRelationThreshold": "0",  # rows are partitions of tasks
}
INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.execution.arrow.localRelationThreshold": "8m",  # rows are in the plan, without tasks
}
"""Settings of speed: queries are compiled to Java and then to classes, or interpreted; rows of
glue_jobs/landed.py are read by tasks, or computed by the planner."""

FEW_ROWS = 10_000
"""Rows that are transformed in less time than a query is compiled in."""

JVM_NAMES = (
    "functions",
    "PythonSQLUtils",
    "PythonUtils",
    "SparkSession",
    "py4j.reflection.TypeUtil",
)
"""What PySpark 3.5 asks the JVM for again at each use, ``functions`` at each function of a column.
The JVM looks for each name in every jar of the class path: a sixth of its CPU time here."""


class LazySession:
    """The session from ``source``, by default the one that the machine provides; on Glue that is
    the session of the job. Where Glue's classes exist, ``job`` initializes Glue's own Job, unless
    ``source`` is a LazySession that does so."""

    def __init__(self, source: SessionSource = None, job: Mapping[str, str] | None = None) -> None:
        self._source = source
        self._job = {} if isinstance(source, LazySession) else job or {}
        self._session: SparkSession | None = None
        self._glue_job: Any = None

    def __call__(self) -> SparkSession:
        """Return the session, and start it on the first call."""
        if self._session is None:
            self._session = self._open()
            configure(self._session, SETTINGS | SPEED)
            keep_names(self._session)
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


def are_many(rows: int) -> bool:
    """Return whether a query of so many rows should be compiled."""
    return rows > FEW_ROWS


def compile_if_many(session: SparkSession, rows: int) -> bool:
    """Let Spark compile the queries of a table with many rows, and interpret those of another one:
    the rows are the same, and of a cycle with few rows a fifth was compiling. Must be called before
    the rows are read. Return whether they are many."""
    is_many = are_many(rows)
    configure(session, COMPILED if is_many else INTERPRETED)
    return is_many


def configure(session: SparkSession, settings: Mapping[str, str]) -> None:
    """Set these settings of the session."""
    runtime = session.conf  # each access is a call of the JVM
    for name, value in settings.items():
        runtime.set(name, value)


def keep_names(session: SparkSession) -> None:
    """Keep the answers to JVM_NAMES where PySpark looks first: in the attributes of the JVM."""
    for name in JVM_NAMES:
        place: Any = session._jvm
        for part in name.split("."):
            found = getattr(place, part)
            setattr(place, part, found)
            place = found


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
