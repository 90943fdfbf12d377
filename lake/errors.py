"""What can go wrong in the lake, by who must act."""

from contracts.errors import PlatformError


class AlreadyExists(PlatformError):
    """The key holds an object, and an object is never overwritten."""


class NotFound(PlatformError):
    """The key holds no object."""


class SeqTaken(PlatformError):
    """Another run has committed this seq. Nothing is lost: the other's entry stands."""


class LakeUnavailable(PlatformError):
    """The store refuses or does not answer: permissions, a missing bucket, a full disk."""


class InvalidLake(PlatformError):
    """An address that is no lake, or a lake whose entries we cannot read."""

    exit_code = 2


class UnreadableEntry(PlatformError):
    """An entry that could not be read back, and therefore was not committed."""
