"""What can go wrong in a job, by who must act."""

from contracts.errors import PlatformError


class InvalidArguments(PlatformError):
    """A job was started with arguments that it cannot work with."""

    exit_code = 2


class Unconvertible(PlatformError):
    """A warehouse contract asks for a value that we do not know how to make."""

    exit_code = 2


class DamagedFile(PlatformError):
    """A file does not hold the rows that its entry says."""


class MissingFile(PlatformError):
    """A file that an entry names is not in the lake."""


class SchemaOutdated(PlatformError):
    """The warehouse was not made for the contracts of this load; migrate it."""


class OtherLedger(PlatformError):
    """The warehouse holds batches of another lake, or of another generation of this one."""

    exit_code = 2


class StagingFailed(PlatformError):
    """Spark cannot bring rows to the warehouse's staging."""


class StagedCountsDiffer(PlatformError):
    """Staging does not hold the rows that the logs count."""


class PartitionsRefused(PlatformError):
    """The Data Catalog does not take the partitions of what is committed."""


class BuildFailed(PlatformError):
    """Spark cannot read what a table is made from, or write what is made of it."""


class ContractsChanged(PlatformError):
    """What was built and what would be built next follow different contracts."""
