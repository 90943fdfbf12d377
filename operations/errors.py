"""What can go wrong when people ask how the platform is, by who must act."""

from contracts.errors import PlatformError


class InvalidQuestion(PlatformError):
    """Whoever asks does not say of what, or since when."""

    exit_code = 2


class NothingDeployed(PlatformError):
    """Terraform puts out no names: nothing was applied, or its state is elsewhere."""


class NotSignedIn(PlatformError):
    """AWS does not know who asks: no credentials, or none that are valid now."""


class NotThere(PlatformError):
    """AWS has nothing of that name there."""


class AwsRefused(PlatformError):
    """AWS refuses an answer, or gives none."""


class Unhealthy(PlatformError):
    """The platform does not do what it is for."""
