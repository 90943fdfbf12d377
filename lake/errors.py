"""Errors of the lake: one class for each remedy."""

from contracts.errors import PlatformError


class AlreadyExists(PlatformError):
    """An object with this key exists. Objects are never overwritten."""


class NotFound(PlatformError):
    """No object with this key exists."""


class SeqTaken(PlatformError):
    """Another run has committed this seq. Nothing is lost: its entry is valid."""


class LakeUnavailable(PlatformError):
    """The store refuses a request or does not answer: permissions, missing bucket, full disk."""


class InvalidLake(PlatformError):
    """An invalid address of a lake, or a lake with entries that this version cannot read."""

    exit_code = 2


class UnreadableEntry(PlatformError):
    """An entry could not be read back and was not committed."""
