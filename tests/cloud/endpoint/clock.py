"""The clock of CloudWatch, which tests set forward: a quarter of an hour of silence in no time.

Metrics are stamped with it, and alarms look back from it. All else goes by the machine's clock.
"""

import time

from ministack.services import cloudwatch

from tests.cloud.endpoint import lab


class Clock:
    """The machine's clock, some seconds ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        """Now, as ``time.time`` tells it."""
        return time.time() + self.ahead

    def forward(self, seconds: float) -> None:
        """Go ahead."""
        self.ahead += seconds


clock = Clock()


def install() -> None:
    """Set it forward with ``/_lab/clock/forward``."""
    cloudwatch.time = clock  # the module uses nothing else of ``time``
    lab.route("/clock/forward", lambda body: clock.forward(body["seconds"]))
