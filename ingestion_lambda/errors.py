"""What can go wrong in a poll, by who must act."""

from contracts.errors import PlatformError


class InvalidSettings(PlatformError):
    """The function's environment is incomplete or wrong: whoever deployed it must act."""

    exit_code = 2


class InvalidOptions(PlatformError):
    """Whoever started the poll asked in a form that says nothing for certain."""

    exit_code = 2


class UnknownTable(PlatformError):
    """Whoever started the poll named a table that the source does not have."""

    exit_code = 2


class SourceMismatch(PlatformError):
    """The source is not what the contracts say: its owner or the contracts' must act."""


class SourceBusy(PlatformError):
    """Somebody holds the source's tables; the next poll tries again."""


class SourceIsStandby(PlatformError):
    """The address is a standby, whose snapshots do not bear on the primary's."""


class MassDelete(PlatformError):
    """More rows vanished at once than anybody deletes on purpose."""


class RowTooLarge(PlatformError):
    """A row of the source is larger than a poll can hold."""


class SecretUnavailable(PlatformError):
    """The secret with the source's address cannot be read: its name or the role's permissions."""


class EventRefused(PlatformError):
    """The event did not go out; the next poll sends it again."""


class AnotherSource(PlatformError):
    """The lake is of another source than the one that was polled."""
