"""The errors of the dashboard, one type for each person who can fix it."""

from contracts.errors import PlatformError


class NotConfigured(PlatformError):
    """The address of the warehouse or of the lake is missing or malformed."""

    exit_code = 2


class NotMigrated(PlatformError):
    """The database does not contain a warehouse of this version; its owner must migrate it."""


class NotAllowed(PlatformError):
    """The user cannot read the warehouse; its owner must grant the reader role."""


class TookTooLong(PlatformError):
    """A query exceeded its time limit; a shorter period or an idle server can help."""


class NotStarted(PlatformError):
    """The dashboard's web server did not start; its log contains the reason."""
