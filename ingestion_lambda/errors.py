"""Errors of a poll, one type per person who can fix the cause."""

from contracts.errors import PlatformError


class InvalidSettings(PlatformError):
    """A variable of the function's environment is missing or wrong: redeploy with the right one."""

    exit_code = 2


class InvalidOptions(PlatformError):
    """An option of the poll has the wrong type: correct the event or the command."""

    exit_code = 2


class UnknownTable(PlatformError):
    """An option of the poll names a table that the source does not have."""

    exit_code = 2


class SourceMismatch(PlatformError):
    """The source does not match the contracts: change the source, or change the contracts."""


class SourceBusy(PlatformError):
    """Another session holds a lock on the source's tables; the next poll tries again."""


class SlotBusy(PlatformError):
    """Another session reads the replication slot; the next poll tries again."""


class SourceIsStandby(PlatformError):
    """The address is a standby, whose snapshots cannot be compared with the primary's."""


class MassDelete(PlatformError):
    """More rows disappeared at once than the guard allows."""


class SecretUnavailable(PlatformError):
    """The secret with the source's address cannot be read: check its name and the role."""


class EventRefused(PlatformError):
    """The event was not sent; the next poll sends it again."""


class AnotherSource(PlatformError):
    """The lake belongs to another source than the one that was polled."""
