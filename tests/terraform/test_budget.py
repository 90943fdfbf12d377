"""A change is visible within 30 minutes although something failed once: summed over the plan."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.pages import Page, computed

ALLOWED = 30
START = 1  # what Glue takes to start an attempt, which is no part of its timeout
platforms = pytest.mark.parametrize("made", ["dev", "prod"], indirect=True)

Resources = list[dict[str, Any]]


@dataclass(frozen=True)
class Budget:
    """Minutes that the parts of a cycle may take, each at its worst. ``stages`` are the jobs that
    wait for each other, each stage with the (timeout, retries) of its jobs."""

    rate: float
    poll: float
    stages: list[list[tuple[float, int]]]

    @property
    def workflow(self) -> float:
        return sum(START + max(timeout for timeout, _ in stage) for stage in self.stages)

    @property
    def undisturbed(self) -> float:
        """A change lands just after a poll, and nothing fails."""
        return self.rate + self.poll + self.workflow

    @property
    def after_a_failed_job(self) -> float:
        """A change lands just after a poll; then one job fails as often as it is repeated."""
        again = max(
            (START + timeout) * retries for stage in self.stages for timeout, retries in stage
        )
        return self.undisturbed + again

    @property
    def after_a_timeout(self) -> float:
        """Glue does not repeat a job that ran into its timeout; the next poll starts it again."""
        worst = [START + max(timeout for timeout, _ in stage) for stage in self.stages]
        # what ended well has nothing to do in the next run, and only starts
        ends = [sum(worst[: n + 1]) + START * n + sum(worst[n:]) for n in range(len(worst))]
        return 2 * (self.rate + self.poll) + max(ends)

    @property
    def after_a_failed_poll(self) -> float:
        """The poll that should bring the change fails as late as it can; the next one does."""
        return 2 * (self.rate + self.poll) + self.workflow


def budget(made: Resources) -> Budget:
    (schedule,) = of_type(made, "aws_scheduler_schedule")
    (function,) = of_type(made, "aws_lambda_function")
    rate = re.fullmatch(r"rate\((\d+) minutes?\)", schedule["schedule_expression"])
    assert rate, schedule["schedule_expression"]
    return Budget(int(rate[1]), function["timeout"] / 60, stages(made))


def stages(made: Resources) -> list[list[tuple[float, int]]]:
    """The jobs of the workflow as its triggers start them, one stage after the other."""
    jobs = {job["name"]: job for job in of_type(made, "aws_glue_job")}
    waiting = of_type(made, "aws_glue_trigger")
    found: list[list[tuple[float, int]]] = []
    ended: set[str] = set()
    while due := [trigger for trigger in waiting if awaited(trigger) <= ended]:
        started = {action["job_name"] for trigger in due for action in trigger["actions"]}
        found.append([(jobs[name]["timeout"], jobs[name]["max_retries"]) for name in started])
        waiting = [trigger for trigger in waiting if trigger not in due]
        ended |= started
    assert not waiting, "a trigger waits for a job that nothing starts"
    return found


def of_type(made: Resources, kind: str) -> list[Mapping[str, Any]]:
    return [each["values"] for each in made if each["type"] == kind]


def awaited(trigger: Mapping[str, Any]) -> set[str]:
    """The jobs whose end a trigger waits for; none for an event's."""
    return {each["job_name"] for block in trigger["predicate"] for each in block["conditions"]}


@platforms
def test_the_load_waits_for_both_builds(made):
    assert [len(stage) for stage in stages(made)] == [2, 1]


@platforms
def test_a_change_is_visible_in_time_although_a_job_failed(made):
    assert budget(made).after_a_failed_job <= ALLOWED


@platforms
def test_a_change_is_visible_in_time_although_a_job_ran_into_its_timeout(made):
    assert budget(made).after_a_timeout <= ALLOWED


@platforms
def test_a_change_is_visible_in_time_although_a_poll_failed(made):
    assert budget(made).after_a_failed_poll <= ALLOWED


@platforms
def test_table_of_the_guarantees_is_the_plan(made):
    table = Page("guarantees.md").rows("## Freshness")
    for _, sum_, together in table:
        assert computed(sum_.replace("the same", table[0][2])) == int(together)
    plan = budget(made)
    assert [float(row[2]) for row in table] == [
        plan.undisturbed,
        plan.after_a_failed_job,
        plan.after_a_failed_poll,
        plan.after_a_timeout,
    ]
    told = " ".join(row[1] for row in table)
    rate, poll, (job, _) = plan.rate, plan.poll, plan.stages[0][0]
    named = {"rate": rate, "poll": poll, "start": START, "builds": job, "load": job, "job": job}
    for name, minutes in named.items():
        assert {float(n) for n in re.findall(rf"(\d+) {name}\b", told)} == {minutes}


def test_every_minute_counts():
    slow = Budget(rate=5, poll=2, stages=[[(7, 1), (8, 1)], [(7, 1)]])
    assert slow.after_a_failed_job == 5 + 2 + (1 + 8) + (1 + 7) + (1 + 8)
    assert slow.after_a_timeout == 5 + 2 + (1 + 8) + (1 + 7) + 5 + 2 + 1 + (1 + 7)
    assert slow.after_a_failed_poll == 5 + 2 + 5 + 2 + (1 + 8) + (1 + 7)
