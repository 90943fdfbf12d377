"""What keeps the dashboard from showing something, by who must act."""

from contracts.errors import PlatformError


class NotConfigured(PlatformError):
    """Nobody has said where the warehouse or the lake is, in a form that can be understood."""

    exit_code = 2


class NotMigrated(PlatformError):
    """The database holds no warehouse of this version; its owner must migrate it."""


class NotAllowed(PlatformError):
    """The user may not read the warehouse; its owner must grant it."""


class TookTooLong(PlatformError):
    """A question was given up; fewer rows or a quieter server would help."""


class NotStarted(PlatformError):
    """The dashboard's web server does not start; its log says why."""
