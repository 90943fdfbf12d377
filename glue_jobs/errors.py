"""The errors of the jobs. Each one says what failed, where, why, and how to fix it."""

from contracts.errors import PlatformError


class InvalidArguments(PlatformError):
    """A job was started with missing or invalid arguments."""

    exit_code = 2


class Unconvertible(PlatformError):
    """A warehouse contract asks for a conversion that does not exist."""

    exit_code = 2


class DamagedFile(PlatformError):
    """A file does not contain the number of rows that its log entry records."""


class MissingFile(PlatformError):
    """The lake does not contain a file that a log entry names."""


class SchemaOutdated(PlatformError):
    """The warehouse was migrated for other contracts than those of the load."""


class OtherLedger(PlatformError):
    """The warehouse contains batches of another lake, or of another generation of this lake."""

    exit_code = 2


class StagingFailed(PlatformError):
    """Rows of a file cannot be copied to the warehouse."""


class StagedCountsDiffer(PlatformError):
    """The copied rows of a table are not as many as the logs record."""


class BatchTooLarge(PlatformError):
    """A batch has more rows than a load of this job's time limit can bring to the warehouse."""


class BuildFailed(PlatformError):
    """Spark cannot read the input of a table, or cannot write its files."""


class ContractsChanged(PlatformError):
    """The next batch would be built with other contracts than the batches before it."""
