"""A change is visible within 30 minutes even if one step fails: sums over the plan."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.pages import Page, computed

ALLOWED = 30
START = 1  # minutes that Glue takes to start an attempt; its timeout does not include them
platforms = pytest.mark.parametrize("applied", ["dev", "prod"], indirect=True)

Resources = list[dict[str, Any]]


@dataclass(frozen=True)
class Budget:
    """Maximum minutes of each part of a cycle.

    ``stages`` has the jobs that run one after the other: (timeout, retries) of each job of a stage.
    ``pause`` is the time after a load in which polls send no event.
    """

    rate: float
    poll: float
    stages: list[list[tuple[float, int]]]
    pause: float = 0

    @property
    def deferral(self) -> float:
        """Return the minutes from a commit to the first poll after the pause."""
        return self.pause + self.rate + self.poll if self.pause else 0

    @property
    def workflow(self) -> float:
        return sum(START + max(timeout for timeout, _ in stage) for stage in self.stages)

    @property
    def undisturbed(self) -> float:
        """Return the minutes for a change just after a poll, without a failure."""
        return self.deferral + self.rate + self.poll + self.workflow

    @property
    def after_a_failed_job(self) -> float:
        """Return the minutes if a job fails at its end, and on every attempt of Glue but the last.
        Without retries the next poll starts it again."""
        jobs = [job for stage in self.stages for job in stage]
        if not all(retries for _, retries in jobs):
            return self.after_a_timeout
        return self.undisturbed + max((START + timeout) * retries for timeout, retries in jobs)

    @property
    def after_a_timeout(self) -> float:
        """Return the minutes if a job times out: not Glue, but the next poll starts it again."""
        worst = [START + max(timeout for timeout, _ in stage) for stage in self.stages]
        # a job that succeeded has nothing to do in the next run: it only starts
        ends = [sum(worst[: n + 1]) + START * n + sum(worst[n:]) for n in range(len(worst))]
        return self.deferral + 2 * (self.rate + self.poll) + max(ends)

    @property
    def after_a_failed_poll(self) -> float:
        """Return the minutes if a poll fails at its timeout, and the next poll succeeds."""
        return self.deferral + 2 * (self.rate + self.poll) + self.workflow


def budget(applied: Resources) -> Budget:
    (schedule,) = of_type(applied, "aws_scheduler_schedule")
    (function,) = of_type(applied, "aws_lambda_function")
    rate = re.fullmatch(r"rate\((\d+) minutes?\)", schedule["schedule_expression"])
    assert rate, schedule["schedule_expression"]
    pause = int(function["environment"][0]["variables"]["MIN_MINUTES_BETWEEN_RUNS"])
    return Budget(int(rate[1]), function["timeout"] / 60, stages(applied), pause)


def stages(applied: Resources) -> list[list[tuple[float, int]]]:
    """Return the jobs of the workflow by stage, in the order in which the triggers start them."""
    jobs = {job["name"]: job for job in of_type(applied, "aws_glue_job")}
    triggers = of_type(applied, "aws_glue_trigger")
    waiting = [trigger for trigger in triggers if trigger["workflow_name"]]  # not the compaction's
    ordered: list[list[tuple[float, int]]] = []
    ended: set[str] = set()
    while due := [trigger for trigger in waiting if awaited(trigger) <= ended]:
        started = {action["job_name"] for trigger in due for action in trigger["actions"]}
        ordered.append([(jobs[name]["timeout"], jobs[name]["max_retries"]) for name in started])
        waiting = [trigger for trigger in waiting if trigger not in due]
        ended |= started
    assert not waiting, "a trigger waits for a job that no trigger starts"
    return ordered


def of_type(applied: Resources, kind: str) -> list[Mapping[str, Any]]:
    return [each["values"] for each in applied if each["type"] == kind]


def awaited(trigger: Mapping[str, Any]) -> set[str]:
    """Return the jobs that a trigger waits for; an event trigger waits for none."""
    return {each["job_name"] for block in trigger["predicate"] for each in block["conditions"]}


@platforms
def test_the_load_waits_for_both_builds(applied):
    assert [len(stage) for stage in stages(applied)] == [2, 1]


@platforms
def test_a_change_is_visible_in_time_although_a_job_failed(applied):
    assert budget(applied).after_a_failed_job <= ALLOWED


@platforms
def test_a_change_is_visible_in_time_although_a_job_ran_into_its_timeout(applied):
    assert budget(applied).after_a_timeout <= ALLOWED


@platforms
def test_a_change_is_visible_in_time_although_a_poll_failed(applied):
    assert budget(applied).after_a_failed_poll <= ALLOWED


@platforms
def test_table_of_the_guarantees_is_the_plan(applied):
    table = Page("guarantees.md").rows("## Freshness")
    for _, sum_, together in table:
        assert computed(sum_.replace("the same", table[0][2])) == int(together)
    plan = budget(applied)
    assert [float(row[2]) for row in table] == [
        plan.undisturbed,
        plan.after_a_failed_poll,
        max(plan.after_a_failed_job, plan.after_a_timeout),
    ]
    terms = " ".join(row[1] for row in table)
    rate, poll, (job, _) = plan.rate, plan.poll, plan.stages[0][0]
    named = {"rate": rate, "poll": poll, "start": START, "builds": job, "load": job}
    for name, minutes in named.items():
        assert {float(n) for n in re.findall(rf"(\d+) {name}\b", terms)} == {minutes}


def test_every_minute_counts():
    slow = Budget(rate=5, poll=2, stages=[[(7, 1), (8, 1)], [(7, 1)]])
    assert slow.after_a_failed_job == 5 + 2 + (1 + 8) + (1 + 7) + (1 + 8)
    assert slow.after_a_timeout == 5 + 2 + (1 + 8) + (1 + 7) + 5 + 2 + 1 + (1 + 7)
    assert slow.after_a_failed_poll == 5 + 2 + 5 + 2 + (1 + 8) + (1 + 7)
    assert replace(slow, pause=10).undisturbed == 10 + (5 + 2) + slow.undisturbed
    assert replace(slow, pause=10).after_a_failed_job == 10 + (5 + 2) + slow.after_a_failed_job
    unrepeated = replace(slow, stages=[[(7, 0), (8, 0)], [(7, 0)]])
    assert unrepeated.after_a_failed_job == slow.after_a_timeout
