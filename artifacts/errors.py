"""What can go wrong while artifacts are made, by who must act."""

from contracts import PlatformError


class InvalidBundle(PlatformError):
    """The file given as CA bundle holds no certificates."""

    exit_code = 2


class ToolFailed(PlatformError):
    """pip or the wheel's builder failed; nothing was written."""


class TooLarge(PlatformError):
    """Lambda does not take a package of this size."""


class WrongMachine(PlatformError):
    """The package holds machine code that the function cannot run."""
