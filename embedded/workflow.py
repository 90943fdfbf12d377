"""Runs the workflow in this process as Glue does: the triggers alone decide which jobs start."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePath
from time import perf_counter
from typing import TYPE_CHECKING

from contracts.errors import PlatformError
from embedded.server.sessions import own_session
from embedded.workflow_definition import Event, Workflow

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

Spark = Callable[[], "SparkSession"]
Main = Callable[[Sequence[str], Spark], object]


class JobFailed(PlatformError):
    """A job of the workflow failed; the jobs that need its success did not run."""


@dataclass(frozen=True)
class JobResult:
    """The end of a job: SUCCEEDED or FAILED, its seconds, and its error."""

    state: str
    seconds: float
    error: BaseException | None = None


@dataclass
class _Run:
    """A run of a workflow: the jobs that were started, and the results of those that ended."""

    workflow: Workflow
    start: Callable[[str], Future[object]]
    running: dict[Future[object], tuple[str, float]] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    results: dict[str, JobResult] = field(default_factory=dict)

    def begin(self, names: Sequence[str]) -> None:
        """Start these jobs, each at most once in a run."""
        for name in names:
            if name not in self.started:
                self.started.add(name)
                self.running[self.start(name)] = name, perf_counter()

    def follow(self) -> None:
        """Wait for jobs to end, and start the jobs that their ends trigger, until none is
        running."""
        while self.running:
            done, _ = wait(self.running, return_when=FIRST_COMPLETED)
            for future in done:
                self._note(future)
            states = {name: job.state for name, job in self.results.items()}
            for trigger in self.workflow.conditionals:
                if trigger.holds(states):
                    self.begin(trigger.actions)

    def _note(self, future: Future[object]) -> None:
        name, start = self.running.pop(future)
        error = future.exception()
        state = "FAILED" if error else "SUCCEEDED"
        self.results[name] = JobResult(state, perf_counter() - start, error)
        logger.info("job ended", extra={"job": name, "state": state})


def run(
    workflow: Workflow,
    event: Event,
    spark: Spark,
    mains: Mapping[str, Main] | None = None,
    before: Mapping[str, Callable[[], object]] | None = None,
) -> dict[str, JobResult]:
    """Run the jobs that the event triggers, concurrently where the triggers allow it, and return
    the result of each; {} if the event triggers none.

    ``mains`` maps a script to a function that runs in its place, ``before`` maps a job to a
    function that runs first. Raises JobFailed when no job is running any more.
    """
    with ThreadPoolExecutor(max(1, len(workflow.jobs)), "job") as pool:

        def start(name: str) -> Future[object]:
            job = workflow.jobs[name]
            main = mains[job.script] if mains else _main(job.script)
            return pool.submit(
                _run_main, (before or {}).get(name), main, job.argv, _own(spark, name)
            )

        current = _Run(workflow, start)
        for trigger in workflow.events:
            if trigger.matches(event):
                current.begin(trigger.actions)
        current.follow()
    failures = {name: job.error for name, job in current.results.items() if job.error}
    for error in failures.values():
        text = "; ".join(f"{name} failed: {reason}" for name, reason in failures.items())
        raise JobFailed(f"Job {text}") from error
    return current.results


def _run_main(
    before: Callable[[], object] | None, main: Main, argv: Sequence[str], spark: Spark
) -> None:
    if before:
        before()
    main(argv, spark)


def run_jobs(workflow: Workflow, names: Sequence[str], spark: Spark) -> dict[str, JobResult]:
    """Run these jobs concurrently, without their triggers, and return the result of each. When all
    have ended, the error of a job is raised unchanged; of several, that of the job named first."""
    with ThreadPoolExecutor(len(names), "job") as pool:
        futures = {name: pool.submit(run_job, workflow, name, spark) for name in names}
    return {name: future.result() for name, future in futures.items()}


def run_job(workflow: Workflow, name: str, spark: Spark, extra: Sequence[str] = ()) -> JobResult:
    """Run one job alone, without its triggers, with ``extra`` arguments. Its error is raised
    unchanged."""
    job, start = workflow.jobs[name], perf_counter()
    _main(job.script)([*job.argv, *extra], _own(spark, name))
    return JobResult("SUCCEEDED", perf_counter() - start)


def _own(spark: Spark, job: str) -> Spark:
    return lambda: own_session(spark(), job)


def _main(script: str) -> Main:
    main: Main = import_module(f"glue_jobs.{PurePath(script).stem}").main
    return main
