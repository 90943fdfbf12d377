"""Run the workflow in this process, as Glue runs it: what the triggers say, and nothing else."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePath
from time import perf_counter
from typing import TYPE_CHECKING

from contracts.errors import PlatformError
from embedded.workflow_definition import Event, Workflow

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

Spark = Callable[[], "SparkSession"]
Main = Callable[[Sequence[str], Spark], object]


class JobFailed(PlatformError):
    """A job of the workflow failed; jobs that wait for its success did not run."""


@dataclass(frozen=True)
class Ended:
    """How a job ended: SUCCEEDED or FAILED, after how long, with what error."""

    state: str
    seconds: float
    error: BaseException | None = None


@dataclass
class _Run:
    """A run of a workflow: the jobs that were started, and how they ended."""

    workflow: Workflow
    start: Callable[[str], Future[object]]
    under_way: dict[Future[object], tuple[str, float]] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    ended: dict[str, Ended] = field(default_factory=dict)

    def begin(self, names: Sequence[str]) -> None:
        """Start these jobs, each at most once a run."""
        for name in names:
            if name not in self.started:
                self.started.add(name)
                self.under_way[self.start(name)] = name, perf_counter()

    def follow(self) -> None:
        """Wait for jobs to end, and start what their ends set off, until all is quiet."""
        while self.under_way:
            done, _ = wait(self.under_way, return_when=FIRST_COMPLETED)
            for future in done:
                self._note(future)
            states = {name: job.state for name, job in self.ended.items()}
            for trigger in self.workflow.conditionals:
                if trigger.holds(states):
                    self.begin(trigger.actions)

    def _note(self, future: Future[object]) -> None:
        name, begun = self.under_way.pop(future)
        error = future.exception()
        state = "FAILED" if error else "SUCCEEDED"
        self.ended[name] = Ended(state, perf_counter() - begun, error)
        logger.info("job ended", extra={"job": name, "state": state})


def run(
    workflow: Workflow,
    event: Event,
    spark: Spark,
    mains: Mapping[str, Main] | None = None,
    before: Mapping[str, Callable[[], object]] | None = None,
) -> dict[str, Ended]:
    """Run what the event starts, jobs side by side where nothing holds them back, and return how
    each ended; {} where the event starts nothing.

    ``mains`` maps a script to what runs in its place, ``before`` a job to what it begins with.
    Raises JobFailed once all is quiet.
    """
    with ThreadPoolExecutor(max(1, len(workflow.jobs)), "job") as pool:

        def start(name: str) -> Future[object]:
            job = workflow.jobs[name]
            main = mains[job.script] if mains else _main(job.script)
            return pool.submit(_begun, (before or {}).get(name), main, job.argv, spark)

        this = _Run(workflow, start)
        for trigger in workflow.events:
            if trigger.matches(event):
                this.begin(trigger.actions)
        this.follow()
    failures = {name: job.error for name, job in this.ended.items() if job.error}
    for error in failures.values():
        told = "; ".join(f"{name} failed: {why}" for name, why in failures.items())
        raise JobFailed(f"Job {told}") from error
    return this.ended


def _begun(
    beginning: Callable[[], object] | None, main: Main, argv: Sequence[str], spark: Spark
) -> None:
    if beginning:
        beginning()
    main(argv, spark)


def run_job(workflow: Workflow, name: str, spark: Spark, extra: Sequence[str] = ()) -> Ended:
    """Run one job alone, whatever its triggers say, with ``extra`` arguments. Its error passes as
    it is."""
    job, begun = workflow.jobs[name], perf_counter()
    _main(job.script)([*job.argv, *extra], spark)
    return Ended("SUCCEEDED", perf_counter() - begun)


def _main(script: str) -> Main:
    main: Main = import_module(f"glue_jobs.{PurePath(script).stem}").main
    return main
