"""Compactions are attempts, and are due when enough batches wait."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from embedded.cli import main
from embedded.platform import Platform
from lake import now
from lake.attempts import COMPACT, Attempt
from lake.erasures import ErasureEntry
from operations.health import health
from publish import levels, waiting
from tests.published import FACT, LoggedLake

Wait = Callable[[timedelta], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """Let three batches be enough, and return a function that lets time pass."""
    monkeypatch.setattr(levels, "FAN", 3)
    monkeypatch.setattr(waiting, "FAN", 3)
    return lambda passed: monkeypatch.setattr(waiting, "now", lambda: now() + passed)


def cycle(logged: LoggedLake) -> str:
    """Publish and compact as a cycle of `up` does."""
    platform = Platform(logged.root)
    return platform.publish() or platform.compact()


def test_up_compacts_when_enough_batches_wait_or_after_eight_hours(logged: LoggedLake, wait: Wait):
    logged.add([1])
    logged.add([2])
    assert cycle(logged) == ""
    assert logged.lake.attempts.last(COMPACT) is None
    logged.add([3])
    assert Platform(logged.root).compact() == ""  # the tables lag
    assert logged.lake.attempts.last(COMPACT) is None
    assert cycle(logged) == ""
    first = logged.lake.attempts.last(COMPACT)
    assert first
    figures = {"loaded_through": 3, "replaced": 6, "written": 2, "rows": 6, "exchanges": 2}
    assert first.figures == figures
    assert len(logged.files(FACT)) == 1
    logged.add([4])
    assert cycle(logged) == ""
    assert logged.lake.attempts.last(COMPACT) == first
    wait(timedelta(hours=8))
    assert cycle(logged) == ""
    last = logged.lake.attempts.last(COMPACT)
    assert last
    assert last != first
    assert last.figures["loaded_through"] == 4
    wait(timedelta(hours=16))
    assert not waiting.compaction_is_due(logged.lake)  # no batch waits


@pytest.mark.usefixtures("wait")
def test_refused_compaction_is_a_warning_until_one_succeeds(
    logged: LoggedLake, capsys: pytest.CaptureFixture[str]
):
    lake = logged.lake
    for number in (1, 2, 3):
        logged.add([number])
    begun = ErasureEntry(1, "run", now(), table="staff", key=1)
    lake.erasures.commit(begun)
    assert "has not ended" in cycle(logged)
    [warning] = [alarm for alarm in health(lake).alarms if alarm.name == "publishing"]
    assert "compact_lake failed: ErasureUnfinished" in warning.reason
    assert not waiting.compaction_is_due(lake)  # it waits for further batches
    lake.erasures.commit(ErasureEntry(2, "run", now(), table="staff", key=1, ends=1))
    assert main(["compact", "--lake", str(logged.root)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["replaced"] == 6
    found = health(lake)
    assert "publishing" not in {alarm.name for alarm in found.alarms}
    assert found.report()["attempts"][COMPACT]["outcome"] == "succeeded"


@pytest.mark.usefixtures("wait")
def test_damaged_file_ends_a_compaction_and_not_up(logged: LoggedLake):
    for number in (1, 2, 3):
        logged.add([number])
    logged.publish()
    file = Path(logged.files(FACT)[0].removeprefix("file://"))
    file.write_bytes(file.read_bytes()[:-9])
    reason = cycle(logged)
    assert file.name in reason
    assert "To fix: restore an earlier version" in reason
    last = logged.lake.attempts.last(COMPACT)
    assert last
    assert last.error == "WrongRowCount"


@pytest.mark.usefixtures("wait")
def test_clock_that_is_set_back_lets_no_cycle_compact_again(logged: LoggedLake):
    """The attempts of the time before it sort as the newest ones."""
    ahead = Attempt(COMPACT, "ahead", now() + timedelta(days=30), 1.0, "succeeded")
    logged.lake.attempts.record(ahead)
    for number in (1, 2, 3):
        logged.add([number])
    platform = Platform(logged.root)
    assert platform.publish() == ""
    for _ in range(3):
        assert platform.compact() == ""
    assert len(logged.lake.attempts.latest([COMPACT], 9)) == 2
