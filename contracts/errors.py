"""The base class of every typed error of the platform."""


class PlatformError(Exception):
    """An error with a message that says what failed, where, and how to fix it.

    ``exit_code`` is the exit status of a command: 1 for a run that failed, 2 for input that was
    refused before anything ran.
    """

    exit_code = 1


class ContractError(PlatformError):
    """A file of the project's contracts is invalid. The message names the file to edit."""

    exit_code = 2
