"""The logs of what is deployed, merged by time: the poll's, the jobs', and of jobs that failed."""

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
from lake.s3 import PATIENCE
from operations.aws import asking
from operations.deployment import Deployment
from operations.errors import InvalidQuestion, NotThere
from operations.log_lines import Line, read_line

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

JOBS = "/aws-glue/jobs"
ROLES = ("build", "load", "migrate")  # as terraform/modules/job_roles names the groups
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
PAUSE = 3.0  # seconds from one look to the next, where logs are followed
LATE = timedelta(seconds=60)  # so much later than its time an event may come

Say = Callable[[str], object]


@dataclass(frozen=True)
class Question:
    """Which lines are asked for: since when, with which text in them (whatever the case), with
    ``everything`` that Lambda, Glue and Spark say of themselves."""

    since: datetime
    text: str = ""
    everything: bool = False

    def wants(self, line: Line) -> bool:
        """Whether the line is asked for."""
        is_said = line.is_ours or self.everything
        return is_said and self.text.lower() in str(line).lower()


def ago(span: str) -> datetime:
    """The moment that long ago: ``90s``, ``30m``, ``2h``, ``1d``. Raises InvalidQuestion."""
    found = re.fullmatch(r"([1-9]\d{0,4})([smhd])", span)
    if not found:
        raise InvalidQuestion(f"{span!r} is no span of time: write 30m, 2h or 1d (SINCE= to make).")
    return now() - timedelta(**{UNITS[found[2]]: int(found[1])})


class Logs:
    """The log groups of a deployment. A group that is not there yet is told by ``say``, once, and
    asked for again with every look.

    Every question may raise NotSignedIn or AwsRefused.
    """

    def __init__(self, deployment: Deployment, say: Say) -> None:
        self._deployment, self._say = deployment, say
        self._told = set[str]()

    def lines(self, question: Question) -> Iterator[Line]:
        """The lines that are asked for and there now, the oldest first."""
        return (line for _, line in self._logged(question.since) if question.wants(line))

    def follow(self, question: Question) -> Iterator[Line]:
        """The same, and then what comes, without end."""
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
        """Everything since then with its name, from all groups in one order."""
        found = (self._of_group(group, part, since) for group, part in self._groups().items())
        return heapq.merge(*found, key=lambda named: named[1].at)

    def _of_group(self, group: str, part: str, since: datetime) -> Iterator[tuple[str, Line]]:
        try:
            for event in self._events(group, since):
                name, at = event.get("eventId", ""), event.get("timestamp", 0)
                yield f"{group} {name}", read_line(at, part, event.get("message", ""))
        except NotThere:
            if group not in self._told:
                self._told.add(group)
                self._say(f"{group} is not there yet: nothing has logged to it.")

    def _events(self, group: str, since: datetime) -> "Iterator[FilteredLogEventTypeDef]":
        begin = int(since.timestamp() * 1000)
        with asking(f"log group {group}", self._deployment.region):
            pages = self._client.get_paginator("filter_log_events").paginate(
                logGroupName=group, startTime=begin
            )
            for page in pages:
                yield from sorted(page["events"], key=lambda event: event.get("timestamp", 0))

    def _groups(self) -> dict[str, str]:
        """The part that logs to each group. Glue's own pages write the names of jobs' groups in
        more than one way, so those that are there now count too."""
        name = self._deployment.name
        own = re.compile(rf"[/-]{re.escape(name)}(?:-role|/|$)")
        with asking("log groups", self._deployment.region):
            pages = self._client.get_paginator("describe_log_groups").paginate(
                logGroupNamePrefix=JOBS
            )
            there = [group.get("logGroupName", "") for page in pages for group in page["logGroups"]]
        expected = [
            f"{JOBS}/{name}-role/{name}-glue-{role}/{stream}"
            for role in ROLES
            for stream in ("output", "error")
        ]
        jobs = [*expected, *(group for group in there if own.search(group))]
        return {
            f"/aws/lambda/{self._deployment.function}": "poll",
            f"/aws/events/{name}-failed-jobs": "failed job",
            **{group: _part(group) for group in jobs},
        }

    @cached_property
    def _client(self) -> "CloudWatchLogsClient":
        return boto3.client("logs", region_name=self._deployment.region, config=PATIENCE)


def _part(group: str) -> str:
    """What the jobs do that log to a group."""
    found = re.search(r"-glue-(\w+)(?:/|$)", group)
    return found[1] if found else "job"
