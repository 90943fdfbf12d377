"""The logs of a deployment, merged by time: of polls, jobs, and failed jobs."""

import heapq
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from time import sleep
from typing import TYPE_CHECKING

import boto3

from lake import now
from lake.aws import CLIENT_CONFIG
from operations.aws import requesting
from operations.deployment import Deployment
from operations.errors import InvalidQuestion, NotThere
from operations.log_lines import Line, read_line

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

JOBS = "/aws-glue/jobs"
ROLES = (
    "build",
    "load",
    "migrate",
    "compact",
)  # of the log groups, as in terraform/modules/job_logs
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
PAUSE = 3.0  # seconds from one request to the next while following
LATE = timedelta(seconds=60)  # an event may be readable only this long after its time

Say = Callable[[str], object]


@dataclass(frozen=True)
class Question:
    """Selects lines: since a moment, with a text in them (in any case), and with ``everything``
    also the routine lines of Lambda, Glue and Spark."""

    since: datetime
    text: str = ""
    everything: bool = False

    def wants(self, line: Line) -> bool:
        """Return True if the line is selected."""
        return (line.is_ours or self.everything) and self.text.lower() in str(line).lower()


def ago(span: str) -> datetime:
    """Return the moment a span ago: ``90s``, ``30m``, ``2h``, ``1d``. Raises InvalidQuestion."""
    match = re.fullmatch(r"([1-9]\d{0,4})([smhd])", span)
    if not match:
        raise InvalidQuestion(
            f"{span!r} is not a time span. To fix: write 30m, 2h or 1d (SINCE= to make)."
        )
    return now() - timedelta(**{UNITS[match[2]]: int(match[1])})


class Logs:
    """The log groups of a deployment. ``say`` is called once for a group that does not exist yet;
    every request tries it again.

    Every method may raise NotSignedIn or AwsRefused.
    """

    def __init__(self, deployment: Deployment, say: Say) -> None:
        self._deployment, self._say = deployment, say
        self._missing = set[str]()

    def lines(self, question: Question) -> Iterator[Line]:
        """Yield the selected lines up to now, oldest first."""
        return (line for _, line in self._logged(question.since) if question.wants(line))

    def follow(self, question: Question) -> Iterator[Line]:
        """Yield the selected lines up to now, then new ones without end."""
        since, seen = question.since, dict[str, datetime]()
        while True:
            for name, line in self._logged(since):
                if name not in seen and question.wants(line):
                    yield line
                seen[name] = line.at
            since = max(since, max(seen.values(), default=since) - LATE)
            seen = {name: at for name, at in seen.items() if at >= since}
            sleep(PAUSE)

    def _logged(self, since: datetime) -> Iterator[tuple[str, Line]]:
        """Yield all lines since a moment with their event ids, from all groups, oldest first."""
        groups = (self._of_group(group, part, since) for group, part in self._groups().items())
        return heapq.merge(*groups, key=lambda item: item[1].at)

    def _of_group(self, group: str, part: str, since: datetime) -> Iterator[tuple[str, Line]]:
        try:
            for event in self._events(group, since):
                name, at = event.get("eventId", ""), event.get("timestamp", 0)
                yield f"{group} {name}", read_line(at, part, event.get("message", ""))
        except NotThere:
            if group not in self._missing:
                self._missing.add(group)
                self._say(f"{group} does not exist yet: nothing has logged to it.")

    def _events(self, group: str, since: datetime) -> "Iterator[FilteredLogEventTypeDef]":
        start = int(since.timestamp() * 1000)
        with requesting(f"log group {group}", self._deployment.region):
            pages = self._client.get_paginator("filter_log_events").paginate(
                logGroupName=group, startTime=start
            )
            for page in pages:
                yield from sorted(page["events"], key=lambda event: event.get("timestamp", 0))

    def _groups(self) -> dict[str, str]:
        """Return the part that logs to each group. Glue documents more than one form of the names
        of jobs' groups, so the existing groups that match are included."""
        name = self._deployment.name
        own = re.compile(rf"[/-]{re.escape(name)}(?:-role|/|$)")
        with requesting("log groups", self._deployment.region):
            pages = self._client.get_paginator("describe_log_groups").paginate(
                logGroupNamePrefix=JOBS
            )
            existing = [
                group.get("logGroupName", "") for page in pages for group in page["logGroups"]
            ]
        expected = [
            f"{JOBS}/{name}-role/{name}-glue-{role}/{stream}"
            for role in ROLES
            for stream in ("output", "error")
        ]
        jobs = [*expected, *(group for group in existing if own.search(group))]
        return {
            f"/aws/lambda/{self._deployment.function}": "poll",
            f"/aws/events/{name}-failed-jobs": "failed job",
            **{group: _part(group) for group in jobs},
        }

    @cached_property
    def _client(self) -> "CloudWatchLogsClient":
        return boto3.client("logs", region_name=self._deployment.region, config=CLIENT_CONFIG)


def _part(group: str) -> str:
    """Return the name of the jobs that log to a group."""
    match = re.search(r"-glue-(\w+)(?:/|$)", group)
    return match[1] if match else "job"
