"""What can go wrong while artifacts are made, by who must act."""

from contracts import PlatformError


class InvalidBundle(PlatformError):
    """The file given as CA bundle holds no certificates, or more than certificates."""

    exit_code = 2


class InvalidFolder(PlatformError):
    """Nothing can be written where the artifacts should go."""

    exit_code = 2


class ToolFailed(PlatformError):
    """pip or the wheel's builder failed; what was made earlier is as it was."""


class TooLarge(PlatformError):
    """Lambda does not take a package of this size."""


class TypeWithoutName(PlatformError):
    """A question answers with a type that QuickSight does not have."""

    exit_code = 2


class WrongMachine(PlatformError):
    """The package holds machine code that the function cannot run."""
