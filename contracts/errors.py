"""The root of every typed error of the platform."""


class PlatformError(Exception):
    """Something that the platform cannot do; the message says what, where, and the remedy.

    ``exit_code`` is what a command line ends with: 1 for a run that failed, 2 for input that is
    wrong before anything ran.
    """

    exit_code = 1


class ContractError(PlatformError):
    """A file under ``contracts/`` contradicts itself; whoever edited it must act."""

    exit_code = 2
