"""Polls a deployed platform once and says how it is. Its outputs come on standard input, as
`terraform output -json` prints them."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import WorkflowRunTypeDef

PATIENCE = Config(  # of a poll: the longest that Lambda allows, and while another one runs
    read_timeout=900, retries={"mode": "standard", "total_max_attempts": 8}
)
PAUSE = 15  # seconds from one look to the next
RUNNING = {"RUNNING", "STOPPING"}
BAD_ENDS = ("ErroredActions", "FailedActions", "StoppedActions", "TimeoutActions")


class Unhealthy(Exception):
    """The platform does not do what it is for; the message says what is wrong."""


@dataclass(frozen=True)
class Platform:
    """The parts of a deployment that are asked."""

    region: str
    function: str
    workflow: str
    alarms: list[str]

    def poll(self) -> dict[str, Any]:
        """What the poll answered. Raises Unhealthy."""
        client = boto3.client("lambda", region_name=self.region, config=PATIENCE)
        answer = client.invoke(FunctionName=self.function)
        polled: dict[str, Any] = json.load(answer["Payload"])
        if answer.get("FunctionError"):
            raise Unhealthy(f"poll: {polled.get('errorType')}: {polled.get('errorMessage')}")
        return polled

    def last_run(self) -> "WorkflowRunTypeDef":
        """The workflow's last run; empty if there was none."""
        glue = boto3.client("glue", region_name=self.region)
        return glue.get_workflow(Name=self.workflow)["Workflow"].get("LastRun", {})

    def alarmed(self) -> Iterator[str]:
        """The alarms that are on, each with the reason."""
        cloudwatch = boto3.client("cloudwatch", region_name=self.region)
        for alarm in cloudwatch.describe_alarms(AlarmNames=self.alarms)["MetricAlarms"]:
            if alarm.get("StateValue") == "ALARM":
                yield f"alarm {alarm.get('AlarmName')}: {alarm.get('StateReason')}"


def platform(outputs: Mapping[str, Mapping[str, Any]]) -> Platform:
    """The deployment that has these outputs."""
    value = {name: output["value"] for name, output in outputs.items()}
    region = value["key"].split(":")[3]  # of its ARN
    return Platform(region, value["function"], value["workflow"], [*value["alarms"].values()])


def smoke(deployed: Platform, patience: float) -> None:
    """Poll, and wait until what the poll started has ended and every alarm is off.

    Raises Unhealthy where that is not so within ``patience`` seconds.
    """
    until = time.monotonic() + patience
    before = deployed.last_run()
    polled = deployed.poll()
    print(f"poll: seq {polled['seq']}, changes {polled['changes']}")
    while faults := [*_faults(deployed, before, polled), *deployed.alarmed()]:
        if time.monotonic() > until:
            raise Unhealthy("\n".join(faults))
        time.sleep(PAUSE)
    print(f"workflow: {deployed.last_run().get('Status', 'never ran')}")
    print("alarms: none")


def _faults(
    deployed: Platform, before: "WorkflowRunTypeDef", polled: Mapping[str, Any]
) -> Iterator[str]:
    """What is wrong with the workflow, or not right yet. A run that had failed ``before`` the poll
    counts no more: the poll starts another one if anything is left to load."""
    run = deployed.last_run()
    if polled["emitted"] and run == before:
        yield f"workflow {deployed.workflow}: not started by the event of the poll"
    elif run.get("Status") in RUNNING:
        yield f"workflow {deployed.workflow}: still running"
    elif run != before and _failed(run):
        yield f"workflow {deployed.workflow}: run {run.get('WorkflowRunId')} failed"


def _failed(run: "WorkflowRunTypeDef") -> bool:
    ends = run.get("Statistics", {})
    return run.get("Status") != "COMPLETED" or any(ends.get(end) for end in BAD_ENDS)


def main() -> int:
    """The command line; 1 if the platform is unhealthy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patience", type=float, default=1_200, help="seconds (1200)")
    arguments = parser.parse_args()
    try:
        smoke(platform(json.load(sys.stdin)), arguments.patience)
    except Unhealthy as unhealthy:
        print(unhealthy)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
