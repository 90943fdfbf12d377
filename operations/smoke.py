"""The smoke test: poll a deployed platform once, and check that every part works."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from operations.aws import Aws
from operations.errors import Unhealthy
from operations.services import Run

PAUSE = 15  # seconds from one check to the next


def smoke(aws: Aws, patience: float, say: Callable[[str], object]) -> None:
    """Poll, and wait until the workflow that the poll started has ended and every alarm is off.

    Raises Unhealthy if that takes more than ``patience`` seconds.
    """
    until = time.monotonic() + patience
    before = aws.last_run()
    polled = aws.poll()
    say(f"poll: seq {polled['seq']}, changes {polled['changes']}")
    while faults := [*_faults(aws, before, polled), *_alarms(aws)]:
        if time.monotonic() > until:
            raise Unhealthy("\n".join(faults))
        time.sleep(PAUSE)
    run = aws.last_run()
    say(f"workflow: {run.status if run else 'never ran'}")
    say("alarms: none")


def _faults(aws: Aws, before: Run | None, polled: Mapping[str, Any]) -> Iterator[str]:
    """Yield the faults of the workflow. A run that failed ``before`` the poll does not count: the
    poll starts another one if anything is left to load."""
    run, name = aws.last_run(), aws.deployment.workflow
    if run == before:
        if polled["emitted"]:
            yield f"workflow {name}: not started by the event of the poll"
    elif run and not run.is_over:
        yield f"workflow {name}: still running"
    elif run and not run.went_well:
        yield f"workflow {name}: run {run.name} failed"


def _alarms(aws: Aws) -> Iterator[str]:
    return (f"alarm {name}: {reason}" for name, reason in aws.alarms().items())
