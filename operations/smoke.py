"""The checks of a deployment: migrate its warehouse, and poll once to see that every part works."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from operations.aws import Aws
from operations.errors import Unhealthy
from operations.services import JobRun, Run

PAUSE = 15  # seconds from one check to the next
NEWER = "NewerWarehouse"  # the error of a migration after a roll back
Say = Callable[[str], object]


def migrate(aws: Aws, patience: float, say: Say) -> None:
    """Run the job that migrates the warehouse, and wait for its end.

    A warehouse that a later release has migrated stays as it is. Raises Unhealthy if the job fails,
    or takes more than ``patience`` seconds.
    """
    until, job = time.monotonic() + patience, aws.deployment.migrate_job
    _await_migrations(aws, until)  # of an earlier deployment
    started = aws.start_migration()
    [run] = [run for run in _await_migrations(aws, until, started) if run.id == started]
    if NEWER in run.error:
        say(f"migration: not run, the warehouse is newer than this release ({NEWER})")
    elif run.status != "SUCCEEDED":
        raise Unhealthy(f"job {job}: {run.status.lower()}: {run.error}")
    else:
        say("migration: done")


def smoke(aws: Aws, patience: float, say: Say) -> None:
    """Poll, and wait until the workflow that the poll started has ended and every alarm is off.

    A migration that is in progress is awaited first, because loads need its end. Raises Unhealthy
    if all that takes more than ``patience`` seconds.
    """
    until = time.monotonic() + patience
    _await_migrations(aws, until)
    before = aws.runs()
    polled = aws.poll()
    say(f"poll: seq {polled['seq']}, changes {polled['changes']}")
    while faults := [*_faults(aws, before, polled), *_alarms(aws)]:
        _wait(until, "\n".join(faults))
    run = next((run for run in aws.runs() if not run.is_refused), None)
    say(f"workflow: {run.status if run else 'never ran'}")
    say("alarms: none")


def _await_migrations(aws: Aws, until: float, started: str | None = None) -> list[JobRun]:
    """Return the latest migrations, once none is in progress and ``started`` is one of them."""
    while True:
        runs = aws.migrations()
        is_listed = started is None or started in {run.id for run in runs}
        if is_listed and all(run.is_over for run in runs):
            return runs
        _wait(until, f"job {aws.deployment.migrate_job}: still running")


def _wait(until: float, fault: str) -> None:
    if time.monotonic() > until:
        raise Unhealthy(fault)
    time.sleep(PAUSE)


def _faults(aws: Aws, before: Sequence[Run], polled: Mapping[str, Any]) -> Iterator[str]:
    """Yield the faults of the workflow. A run that failed ``before`` the poll does not count: the
    poll starts another one if anything is left to load. Nor does a run that Glue refused, because
    another one was in progress: it hides that one, which is awaited."""
    name = aws.deployment.workflow
    runs = [run for run in aws.runs() if not run.is_refused]
    new = [run for run in runs if run not in before]
    if any(not run.is_over for run in runs):
        yield f"workflow {name}: still running"
    elif polled["emitted"] and not new:
        yield f"workflow {name}: not started by the event of the poll"
    for run in new:
        if run.is_over and not run.went_well:
            yield f"workflow {name}: run {run.name} failed"


def _alarms(aws: Aws) -> Iterator[str]:
    return (f"alarm {name}: {reason}" for name, reason in aws.alarms().items())
