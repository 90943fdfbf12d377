"""The clock of CloudWatch, which tests set forward to simulate minutes without data.

Metrics and alarms use it; all other services use the clock of the machine.
"""

import time

from ministack.services import cloudwatch

from tests.cloud.endpoint import lab


class Clock:
    """The clock of the machine, some seconds ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        """Return the current time, like ``time.time``."""
        return time.time() + self.ahead

    def forward(self, seconds: float) -> None:
        """Set the clock forward."""
        self.ahead += seconds


clock = Clock()


def install() -> None:
    """Set it forward with ``/_lab/clock/forward``."""
    cloudwatch.time = clock  # the module uses only time.time()
    lab.route("/clock/forward", lambda body: clock.forward(body["seconds"]))
