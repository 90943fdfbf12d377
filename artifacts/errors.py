"""The errors of a build, one type for each person who can fix it."""

from contracts import PlatformError


class InvalidBundle(PlatformError):
    """The CA bundle contains no certificates, or a private key as well."""

    exit_code = 2


class InvalidFolder(PlatformError):
    """The output folder cannot be written."""

    exit_code = 2


class ToolFailed(PlatformError):
    """pip, the wheel builder or the temporary PostgreSQL failed; the earlier build is unchanged."""


class TooLarge(PlatformError):
    """The package exceeds the size that Lambda accepts."""


class TypeWithoutName(PlatformError):
    """A question has a column of a type that QuickSight does not have."""

    exit_code = 2


class WrongMachine(PlatformError):
    """The package contains machine code for another architecture."""
