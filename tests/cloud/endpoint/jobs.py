"""Runs of Glue jobs: ministack only records them.

Each attempt is a process (job_process); states, retries and events are those of Glue.
"""

import contextvars
import json
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ministack.services import eventbridge, glue

from tests.cloud.endpoint import actions, lab
from tests.cloud.endpoint.actions import Refused
from tests.cloud.endpoint.job_process import FAILED, SUCCEEDED, TIMEOUT, Attempt

Job = dict[str, Any]
Run = dict[str, Any]
Ended = Callable[[Run], None]

UNDER_WAY = {"STARTING", "RUNNING"}
SEVERITY = {SUCCEEDED: "INFO"}
_starting = threading.Lock()
_minute = {"seconds": 60.0}


def install() -> None:
    """Run jobs. ``/_lab/jobs/minute`` sets the length of a minute of their timeouts."""
    actions.answer(
        glue, StartJobRun=_start_job_run, GetJobRun=_get_job_run, GetJobRuns=_get_job_runs
    )
    lab.route("/jobs/minute", lambda body: _minute.update(seconds=float(body["seconds"])))


def start(name: str, given: Mapping[str, str], ended: Ended | None = None, **more: Any) -> Run:
    """Start a run of a job with the arguments ``given`` over its default arguments. ``ended`` is
    called at its end. Raises Refused."""
    job = glue._jobs.get(name)
    if job is None:
        raise Refused("EntityNotFoundException", f"Job {name} not found")
    with _starting:
        under_way = [run for run in _runs(name) if run["JobRunState"] in UNDER_WAY]
        if len(under_way) >= job.get("ExecutionProperty", {}).get("MaxConcurrentRuns", 1):
            raise Refused("ConcurrentRunsExceededException", f"{name} runs already")
        run = {"Id": f"jr_{secrets.token_hex(32)}", "Attempt": 0, "Arguments": {**given}, **more}
        _begin(job, run)
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_follow, job, run, ended), daemon=True).start()
    return run


def _follow(job: Job, run: Run, ended: Ended | None) -> None:
    """Run all attempts of a run: a failure is retried, a timeout is not."""
    first = run["Id"]
    _attempt(job, run)
    while run["JobRunState"] == FAILED and run["Attempt"] < job["MaxRetries"]:
        number = run["Attempt"] + 1
        retry = {"Id": f"{first}_attempt_{number}", "PreviousRunId": run["Id"], "Attempt": number}
        run = {**run, **retry}
        with _starting:
            _begin(job, run)
        _attempt(job, run)
    if ended:
        ended(run)


def _attempt(job: Job, run: Run) -> None:
    run["JobRunState"] = "RUNNING"
    given = {**job["DefaultArguments"], **run["Arguments"], **job["NonOverridableArguments"]}
    arguments = {**given, **run.get("Workflow", {})}
    with tempfile.TemporaryDirectory(prefix="job-", ignore_cleanup_errors=True) as folder:
        seconds = run["Timeout"] * _minute["seconds"]
        state, message = Attempt(job, run, arguments, seconds, Path(folder)).result()
    if state == TIMEOUT:
        message = f"Job run exceeded its timeout of {run['Timeout']} minutes"
    now = int(time.time())
    run |= {
        "ErrorMessage": message,
        "CompletedOn": now,
        "LastModifiedOn": now,
        "ExecutionTime": now - run["StartedOn"],
    }
    _send_event(run, state)
    run["JobRunState"] = state  # last, because tests wait for it


def _send_event(run: Run, state: str) -> None:
    detail = {
        "jobName": run["JobName"],
        "jobRunId": run["Id"],
        "state": state,
        "severity": SEVERITY.get(state, "ERROR"),
        "message": run["ErrorMessage"] or "Job run succeeded",
    }
    event = {
        "Source": "aws.glue",
        "DetailType": "Glue Job State Change",
        "Detail": json.dumps(detail),
    }
    eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)


def _begin(job: Job, run: Run) -> None:
    """Complete the record of the run, and add it to the runs of the job."""
    now = int(time.time())
    run |= {
        "JobName": job["Name"],
        "StartedOn": now,
        "LastModifiedOn": now,
        "JobRunState": "STARTING",
        "ErrorMessage": "",
        "ExecutionTime": 0,
        "PredecessorRuns": [],
        "Timeout": job["Timeout"],
        "WorkerType": job["WorkerType"],
        "NumberOfWorkers": job["NumberOfWorkers"],
        "GlueVersion": job["GlueVersion"],
    }
    run.pop("CompletedOn", None)
    _runs(job["Name"]).append(run)


def _runs(name: str) -> list[Run]:
    return glue._job_runs.setdefault(name, [])  # type: ignore[no-any-return] # untyped


def _start_job_run(request: dict[str, Any]) -> dict[str, str]:
    return {"JobRunId": start(request["JobName"], request.get("Arguments", {}))["Id"]}


def _get_job_run(request: dict[str, Any]) -> dict[str, Run]:
    for run in _runs(request["JobName"]):
        if run["Id"] == request["RunId"]:
            return {"JobRun": run}
    raise Refused("EntityNotFoundException", f"Job run {request['RunId']} not found")


def _get_job_runs(request: dict[str, Any]) -> dict[str, list[Run]]:
    return {"JobRuns": _runs(request["JobName"])[::-1]}  # the latest first
