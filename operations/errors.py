"""The errors of operators' commands, one class for each person who can fix the cause."""

from contracts.errors import PlatformError


class InvalidQuestion(PlatformError):
    """The command does not name a deployment, or a valid time span."""

    exit_code = 2


class NothingDeployed(PlatformError):
    """Terraform has no outputs: it was not applied, or its state is elsewhere."""


class NotSignedIn(PlatformError):
    """AWS has no valid credentials for the caller."""


class NotThere(PlatformError):
    """The named resource does not exist in AWS."""


class AwsRefused(PlatformError):
    """AWS refuses a request, or does not answer."""


class Unhealthy(PlatformError):
    """The deployed platform does not work."""
