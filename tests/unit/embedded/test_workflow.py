"""The runner follows workflow.json; the file itself is tested here as well."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from threading import Lock
from typing import Any

import pytest

from contracts import PlatformError
from embedded.workflow import JobFailed, Main, run, run_jobs
from embedded.workflow_definition import WORKFLOW, InvalidWorkflow, read_workflow

GRACE = 0.2  # seconds within which a job that waits for nothing would have started
PATIENCE = 60.0  # seconds after which a test counts as hanging
BUILDS = ("build_dimensions", "build_facts")
LOAD = "load_warehouse"
VALUES = {
    "name": "test",
    "source": "totesys",
    "ingestion": "file:///lake/ingestion",
    "processed": "file:///lake/processed",
    "generation": "1",
    "warehouse": "env:WAREHOUSE",
    "schema": "warehouse",
    "catalog": "",
}
COMMITTED = {"source": "totesys.ingestion", "detail-type": "Batch Committed", "detail": {"seq": 1}}
Change = Callable[[dict[str, Any]], object]


class Jobs:
    """Functions in place of the scripts. They note their start and end, and run an action."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.argv: dict[str, Sequence[str]] = {}
        self.actions: dict[str, Callable[[], object]] = {}
        self._lock = Lock()

    @property
    def mains(self) -> Mapping[str, Main]:
        return {f"{name}.py": self._main(name) for name in (*BUILDS, LOAD)}

    def _main(self, name: str) -> Main:
        def main(argv: Sequence[str], _spark: object) -> None:
            self.argv[name] = argv
            self._note(f"{name} starts")
            self.actions.get(name, lambda: None)()
            self._note(f"{name} ends")

        return main

    def _note(self, text: str) -> None:
        with self._lock:
            self.notes.append(text)


def no_spark() -> Any:
    raise AssertionError("the runner itself does not use Spark")


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Change], Path]:
    """Write the real workflow.json after a change."""

    def write(change: Change) -> Path:
        document = json.loads(WORKFLOW.read_text())
        change(document)
        path = tmp_path / "workflow.json"
        path.write_text(json.dumps(document))
        return path

    return write


@pytest.mark.parametrize(("slow", "quick"), [BUILDS, BUILDS[::-1]])
def test_load_starts_only_after_both_builds_have_ended(jobs: Jobs, slow: str, quick: str):
    quick_ended = Flag()
    jobs.actions[quick] = quick_ended.set

    def hold_back() -> None:
        assert quick_ended.wait(PATIENCE)
        Flag().wait(GRACE)  # a load that waits only for the quick one would start here

    jobs.actions[slow] = hold_back

    ended = run(read_workflow(VALUES), COMMITTED, no_spark, jobs.mains)

    assert {name: job.state for name, job in ended.items()} == dict.fromkeys(
        (*BUILDS, LOAD), "SUCCEEDED"
    )
    assert jobs.notes[-3:] == [f"{slow} ends", f"{LOAD} starts", f"{LOAD} ends"]


def each_waits_for_the_other(jobs: Jobs) -> None:
    flags = {name: Flag() for name in BUILDS}

    def meet(mine: str, other: str) -> Callable[[], None]:
        def action() -> None:
            flags[mine].set()
            assert flags[other].wait(PATIENCE)

        return action

    jobs.actions = {mine: meet(mine, other) for mine, other in (BUILDS, BUILDS[::-1])}


def test_both_builds_run_concurrently(jobs: Jobs):
    each_waits_for_the_other(jobs)

    assert run(read_workflow(VALUES), COMMITTED, no_spark, jobs.mains)[LOAD].state == "SUCCEEDED"


def test_jobs_without_their_triggers_run_concurrently(jobs: Jobs, monkeypatch: pytest.MonkeyPatch):
    each_waits_for_the_other(jobs)
    put_in_place(jobs, monkeypatch)

    ended = run_jobs(read_workflow(VALUES), BUILDS, no_spark)

    assert {name: job.state for name, job in ended.items()} == dict.fromkeys(BUILDS, "SUCCEEDED")


@pytest.mark.parametrize(("failing", "other"), [BUILDS, BUILDS[::-1]])
def test_an_error_of_a_job_without_triggers_is_raised_when_all_have_ended(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, failing: str, other: str
):
    error, failed = PlatformError("damaged"), Flag()

    def fail() -> None:
        failed.set()
        raise error

    def hold_back() -> None:
        assert failed.wait(PATIENCE)
        Flag().wait(GRACE)  # an error that does not wait would be raised here

    jobs.actions = {failing: fail, other: hold_back}
    put_in_place(jobs, monkeypatch)

    with pytest.raises(PlatformError) as raised:
        run_jobs(read_workflow(VALUES), BUILDS, no_spark)

    assert raised.value is error
    assert jobs.notes[-1] == f"{other} ends"


def put_in_place(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in BUILDS:
        monkeypatch.setattr(f"glue_jobs.{name}.main", jobs.mains[f"{name}.py"])


@pytest.mark.parametrize(
    "event",
    [{**COMMITTED, "source": "other.ingestion"}, {**COMMITTED, "detail-type": "Other"}, {}],
)
def test_other_events_start_nothing(jobs: Jobs, event: Mapping[str, Any]):
    assert run(read_workflow(VALUES), event, no_spark, jobs.mains) == {}
    assert jobs.notes == []


def test_without_its_event_trigger_the_workflow_starts_nothing(
    jobs: Jobs, changed: Callable[[Change], Path]
):
    path = changed(lambda document: document["triggers"].pop("batch_committed"))

    assert run(read_workflow(VALUES, path), COMMITTED, no_spark, jobs.mains) == {}


@pytest.mark.parametrize(("held", "dropped"), [(0, 0), (1, 1)])
def test_without_a_condition_the_load_does_not_wait_for_that_build(
    jobs: Jobs, changed: Callable[[Change], Path], held: int, dropped: int
):
    path = changed(lambda document: document["triggers"]["both_built"]["conditions"].pop(dropped))
    load_started = Flag()
    jobs.actions[LOAD] = load_started.set
    jobs.actions[BUILDS[held]] = lambda: load_started.wait(PATIENCE)

    run(read_workflow(VALUES, path), COMMITTED, no_spark, jobs.mains)

    assert jobs.notes.index(f"{LOAD} starts") < jobs.notes.index(f"{BUILDS[held]} ends")


@pytest.mark.parametrize("failing", BUILDS)
def test_load_does_not_run_after_a_failed_build_and_the_error_names_job_and_cause(
    jobs: Jobs, failing: str
):
    cause = RuntimeError("no space left")

    def fail() -> None:
        raise cause

    jobs.actions[failing] = fail

    with pytest.raises(JobFailed, match=f"{failing} failed: no space left") as failed:
        run(read_workflow(VALUES), COMMITTED, no_spark, jobs.mains)

    assert failed.value.__cause__ is cause
    assert f"{LOAD} starts" not in jobs.notes
    assert {f"{name} ends" for name in BUILDS if name != failing} <= set(jobs.notes)


def test_jobs_get_their_arguments_with_every_placeholder_filled(jobs: Jobs):
    run(read_workflow(VALUES), COMMITTED, no_spark, jobs.mains)

    built = ["--ingestion", VALUES["ingestion"], "--processed", VALUES["processed"]]
    built += ["--generation", "1"]
    assert jobs.argv == {
        "build_dimensions": built,
        "build_facts": built,
        "load_warehouse": [
            *built,
            *("--warehouse", "env:WAREHOUSE", "--schema", "warehouse", "--catalog", ""),
        ],
    }


def test_a_value_is_never_more_than_text(jobs: Jobs):
    hostile = 'a", "b": "${name}'
    run(read_workflow({**VALUES, "ingestion": hostile}), COMMITTED, no_spark, jobs.mains)

    assert jobs.argv["build_facts"][1] == hostile


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["triggers"]["both_built"]["actions"].append("ghost"), "ghost"),
        (lambda d: d["triggers"]["both_built"]["conditions"][0].update(job="nobody"), "nobody"),
        (lambda d: d["triggers"]["both_built"]["conditions"][0].update(state="DONE"), "DONE"),
        (lambda d: d["triggers"]["both_built"].update(conditions=[]), "conditions"),
        (lambda d: d["triggers"]["both_built"].update(logical="OR"), "OR"),
        (lambda d: d["triggers"]["both_built"].update(type="ODD"), "neither"),
        (lambda d: d["triggers"]["both_built"].pop("actions"), "actions"),
        (lambda d: d["jobs"]["build_facts"].pop("script"), "script"),
        (lambda d: d["jobs"]["build_facts"].update(script="${typo}"), "typo"),
        (lambda d: d.update(jobs=[]), "items"),
    ],
)
def test_a_workflow_that_contradicts_itself_is_refused(
    changed: Callable[[Change], Path], change: Change, reason: str
):
    with pytest.raises(InvalidWorkflow, match=reason):
        read_workflow(VALUES, changed(change))
