"""Attempts of polls and jobs: recorded whatever happens, newest first, and without secrets."""

import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from contracts import PlatformError
from lake import Lake, LakeUnavailable, Store, now
from lake.attempts import Attempt, Attempts, Outcome
from lake.errors import AlreadyExists
from lake.recording import MOST_LINES, Recording

pytestmark = pytest.mark.lambda_runtime
WORK = logging.getLogger("ingestion_lambda.test")


@pytest.fixture(autouse=True)
def information_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WORK, "level", logging.INFO)


@pytest.fixture
def attempts(store: Store) -> Attempts:
    return Lake(store, store).attempts


def attempt(
    minutes_ago: float, outcome: Outcome = "succeeded", part: str = "poll", run: str = "run"
) -> Attempt:
    return Attempt(part, run, now() - timedelta(minutes=minutes_ago), 1.5, outcome)


def keys(store: Store) -> list[str]:
    return [stored.key for stored in store.under("_attempts/")]


def test_latest_attempts_of_all_outcomes_come_first(attempts: Attempts):
    outcomes: dict[int, Outcome] = {9: "failed", 2000: "failed", 5: "succeeded", 7: "succeeded"}
    for minutes, outcome in outcomes.items():
        attempts.record(attempt(minutes, outcome, run=f"run-{minutes}"))
    attempts.record(attempt(1, part="load_warehouse"))
    assert [a.run for a in attempts.latest(["poll"], 3)] == ["run-5", "run-7", "run-9"]
    last = attempts.last("poll", "failed")
    assert last
    assert last.run == "run-9"
    assert attempts.last("build_facts") is None


def test_only_the_newest_attempts_of_several_parts_are_read(
    attempts: Attempts, store: Store, monkeypatch: pytest.MonkeyPatch
):
    for minutes in range(30):
        attempts.record(attempt(minutes, run=f"poll-{minutes}"))
        attempts.record(attempt(minutes + 2000.5, "failed", "build_facts", f"facts-{minutes}"))
    attempts.record(attempt(1.5, "failed", "build_facts", "facts-new"))
    read, get = list[str](), store.get

    def counted(key: str) -> bytes:
        read.append(key)
        return get(key)

    monkeypatch.setattr(store, "get", counted)
    newest = attempts.latest(["poll", "build_facts"], 4)
    assert [a.run for a in newest] == ["poll-0", "poll-1", "facts-new", "poll-2"]
    assert len(read) == 4


def test_failures_are_counted_since_a_moment(attempts: Attempts):
    for minutes in (1, 2, 60, 3000):
        attempts.record(attempt(minutes, "failed"))
    assert attempts.failures_since("poll", now() - timedelta(minutes=30)) == 2
    assert attempts.failures_since("poll", None) == 4


def test_attempts_of_a_day_expire_in_a_directory_and_by_a_rule_in_a_bucket(
    attempts: Attempts, store: Store
):
    attempts.record(attempt(40 * 24 * 60, run="old"))
    attempts.record(attempt(20 * 24 * 60, run="kept"))
    attempts.record(attempt(0, run="new"))
    runs = {key.rpartition("-")[2] for key in keys(store)}
    is_directory = store.uri("").startswith("file:")
    assert runs == {"new.json", "kept.json"} | (set() if is_directory else {"old.json"})


def test_object_that_a_later_version_wrote_is_left_out(attempts: Attempts, store: Store):
    attempts.record(attempt(1))
    store.put_new("_attempts/poll/succeeded/0000000-x/0.json", b'{"format": 99}')
    assert len(attempts.latest(["poll"], 5)) == 1


def test_success_is_recorded_with_its_figures_and_log_lines(attempts: Attempts):
    with Recording(attempts, "poll", "run-1") as recording:
        WORK.info("batch committed", extra={"seq": 7, "rows": {"payment": {"I": 3, "U": 0}}})
        logging.getLogger("elsewhere").warning("of a library")
        recording.figures["missed_rows"] = 0
    WORK.info("after the block")
    recorded = attempts.last("poll")
    assert recorded
    assert (recorded.outcome, recorded.error, recorded.message) == ("succeeded", "", "")
    assert [line.text for line in recorded.lines] == [
        "batch committed  seq=7  rows={payment: {I: 3}}"
    ]
    assert recorded.figures == {"missed_rows": 0}


def test_error_of_the_platform_is_recorded_without_secrets_and_raised(
    attempts: Attempts, store: Store
):
    secret = "hunter2"
    down = PlatformError(f"postgresql://ana:{secret}@db/x is down. To fix: start it.")

    def fail() -> None:
        with Recording(attempts, "poll", "run-1"):
            WORK.warning("trying", extra={"password": secret})
            raise down

    with pytest.raises(PlatformError) as raised:
        fail()
    assert raised.value is down
    recorded = attempts.last("poll", "failed")
    assert recorded
    assert recorded.error == "PlatformError"
    assert recorded.message == "postgresql://ana:***@db/x is down. To fix: start it."
    [key] = keys(store)
    assert secret not in store.get(key).decode()


def test_other_errors_are_recorded_by_their_type_only(attempts: Attempts, store: Store):
    with pytest.raises(ValueError, match="Ana"), Recording(attempts, "build_facts", "run-1"):
        raise ValueError("invalid literal 'Ana'")
    [key] = keys(store)
    document = json.loads(store.get(key))
    assert (document["error"], document["message"]) == ("ValueError", "")
    assert "Ana" not in str(document)


def test_interrupted_run_is_not_recorded(attempts: Attempts, store: Store):
    with pytest.raises(KeyboardInterrupt), Recording(attempts, "poll", "run-1"):
        raise KeyboardInterrupt
    assert keys(store) == []


def test_text_that_is_not_utf_8_is_recorded_with_its_bytes(attempts: Attempts):
    path = os.fsdecode(b"/lake\xff")

    def fail() -> None:
        with Recording(attempts, "poll", "run-1"):
            WORK.warning("full", extra={"path": path})
            raise PlatformError(f"{path} is full. To fix: free space.")

    with pytest.raises(PlatformError):
        fail()
    recorded = attempts.last("poll", "failed")
    assert recorded
    assert recorded.message == r"/lake\udcff is full. To fix: free space."
    assert [line.text for line in recorded.lines] == [r"full  path=/lake\udcff"]


@pytest.mark.parametrize("refusal", [LakeUnavailable("full disk"), AlreadyExists("the run's key")])
@pytest.mark.parametrize("error", [None, PlatformError("of the block")])
def test_refusal_of_the_store_hides_no_error_and_fails_no_run(
    attempts: Attempts,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    refusal: Exception,
    error: Exception | None,
):
    def refuse(*_: object) -> None:
        raise refusal

    monkeypatch.setattr(Attempts, "record", refuse)
    caught = None
    try:
        with Recording(attempts, "poll", "run-1"):
            if error:
                raise error
    except PlatformError as raised:
        caught = raised
    assert caught is error
    assert "the attempt was not recorded" in caplog.text


def test_concurrent_jobs_keep_their_own_lines_and_at_most_the_last_ones(attempts: Attempts):
    both = Barrier(2)

    def job(part: str) -> None:
        with Recording(attempts, part, "run-1"):
            both.wait(60)
            for number in range(MOST_LINES + 5):
                WORK.info("%s %d", part, number)
            both.wait(60)

    parts = ["build_facts", "build_dimensions"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(job, parts))
    for part in parts:
        recorded = attempts.last(part)
        assert recorded
        assert [line.text for line in recorded.lines] == [
            f"{part} {number}" for number in range(5, MOST_LINES + 5)
        ]
