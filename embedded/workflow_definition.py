"""What glue_jobs/workflow.json says, read and checked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from contracts.errors import PlatformError

WORKFLOW = Path(__file__).parent.parent / "glue_jobs" / "workflow.json"
STATES = ("SUCCEEDED", "FAILED")
COMBINED = {"AND": all, "ANY": any}

Event = Mapping[str, Any]


class InvalidWorkflow(PlatformError):
    """workflow.json contradicts itself, or a value for one of its places is missing."""

    exit_code = 2


@dataclass(frozen=True)
class Job:
    """A script and the arguments that it is started with."""

    script: str
    arguments: Mapping[str, str]

    @property
    def argv(self) -> list[str]:
        """The arguments as a command line has them."""
        return [part for pair in self.arguments.items() for part in pair]


@dataclass(frozen=True)
class EventTrigger:
    """Starts jobs when an event matches: in every field of the pattern, one of its values."""

    pattern: Mapping[str, Sequence[str]]
    actions: Sequence[str]

    def matches(self, event: Event) -> bool:
        """Whether the event starts the jobs."""
        return all(event.get(name) in values for name, values in self.pattern.items())


@dataclass(frozen=True)
class ConditionalTrigger:
    """Starts jobs when all, or any, of its (job, state) conditions hold."""

    logical: str
    conditions: Sequence[tuple[str, str]]
    actions: Sequence[str]

    def holds(self, states: Mapping[str, str]) -> bool:
        """Whether the jobs may start, given the states of those that have ended."""
        return COMBINED[self.logical](states.get(job) == state for job, state in self.conditions)


@dataclass(frozen=True)
class Workflow:
    """Jobs, and what starts them."""

    name: str
    jobs: Mapping[str, Job]
    events: Sequence[EventTrigger]
    conditionals: Sequence[ConditionalTrigger]


def read_workflow(values: Mapping[str, str], path: Path = WORKFLOW) -> Workflow:
    """The workflow, with ``values`` in the places of its ``${…}``. Raises InvalidWorkflow."""
    try:
        # parsed first: no value can be anything but text
        document = _filled(json.loads(path.read_text(encoding="utf-8")), values)
        jobs = {
            name: Job(job["script"], job["arguments"]) for name, job in document["jobs"].items()
        }
        triggers = document["triggers"].values()
        workflow = Workflow(
            document["name"],
            jobs,
            [_event(trigger) for trigger in triggers if trigger["type"] == "EVENT"],
            [_conditional(trigger) for trigger in triggers if trigger["type"] == "CONDITIONAL"],
        )
        _check(workflow, len(triggers))
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise InvalidWorkflow(
            f"{path} is no workflow that we can run: {wrong!r}. Mend the file,"
            " or give the value that it asks for."
        ) from wrong
    return workflow


def _filled(part: Any, values: Mapping[str, str]) -> Any:
    match part:
        case str():
            return Template(part).substitute(values)
        case list():
            return [_filled(item, values) for item in part]
        case dict():
            return {name: _filled(item, values) for name, item in part.items()}
    return part


def _event(trigger: Mapping[str, Any]) -> EventTrigger:
    return EventTrigger(trigger["pattern"], trigger["actions"])


def _conditional(trigger: Mapping[str, Any]) -> ConditionalTrigger:
    conditions = [(condition["job"], condition["state"]) for condition in trigger["conditions"]]
    return ConditionalTrigger(trigger["logical"], conditions, trigger["actions"])


def _check(workflow: Workflow, triggers: int) -> None:
    """Raise ValueError where a trigger names what is not there."""
    found: list[EventTrigger | ConditionalTrigger] = [*workflow.events, *workflow.conditionals]
    if len(found) != triggers:
        raise ValueError("a trigger is neither EVENT nor CONDITIONAL")
    named = {name for trigger in found for name in trigger.actions}
    for conditional in workflow.conditionals:
        named |= {job for job, _ in conditional.conditions}
        unknown = {state for _, state in conditional.conditions} - set(STATES)
        if unknown or conditional.logical not in COMBINED or not conditional.conditions:
            raise ValueError(f"a conditional trigger asks for {conditional}")
    if named - workflow.jobs.keys():
        raise ValueError(f"triggers name {sorted(named - workflow.jobs.keys())}, which are no jobs")
