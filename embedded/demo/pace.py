"""The schedule of `up`."""

from dataclasses import dataclass

from contracts import PlatformError


class InvalidPace(PlatformError):
    """The schedule is invalid."""

    exit_code = 2


@dataclass(frozen=True)
class Pace:
    """Seconds from one poll to the next, and changes of the source a minute. Raises InvalidPace."""

    every: float
    rate: float

    def __post_init__(self) -> None:
        if self.every <= 0 or self.rate <= 0:
            raise InvalidPace("--every and --rate must be above 0.")
