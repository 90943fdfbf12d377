"""An operator sees at a glance what is wrong: each test causes a failure and reads the screen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pg8000.native import Connection

from lake.run import now
from operations import alarms
from tests.pages import PROGRAM, Ended, Shell

WIDTH = 80
STATUS = [*PROGRAM, "status", "--warehouse", "$warehouse", "--lake", "./lake"]
CHECK = [*STATUS, "--check"]
CYCLE = [*PROGRAM, "cycle", "--source", "$source", "--warehouse", "$warehouse", "--lake", "./lake"]

Screen = Callable[[], Ended]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))


def words(ended: Ended) -> str:
    """Return the screen as one line, after checking its width."""
    lines = ended.out.splitlines()[:-1]
    print("\n".join(lines))
    assert max(map(len, lines), default=0) <= WIDTH
    assert "…" not in ended.out
    return " ".join(" ".join(lines).split())


def check(shell: Shell, status: int, state: str) -> dict[str, Any]:
    """Run the health check as cron does, and return its report."""
    ended = shell.types([*CHECK, "--json"])
    assert len(ended.out.splitlines()) == 1
    assert (ended.status, ended.report["state"]) == (status, state)
    return ended.report


def hours_later(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    """Move the clock that ages are measured with."""
    monkeypatch.setattr(alarms, "now", lambda: now() + timedelta(hours=hours))


def test_refused_polls_are_seen_until_one_succeeds(shell: Shell, source: Connection):
    ended = shell.types(STATUS)
    assert ended.status == 2
    shell.types(CYCLE)
    report = check(shell, 0, "healthy")
    assert 0 < report["freshness_seconds"] < 60
    assert "HEALTHY" in words(shell.types(STATUS))

    source.run(
        "insert into design select id, now(), 'Intended', 'x', 'y', now()"
        " from generate_series(1001, 1400) as id"
    )
    shell.types(CYCLE)
    source.run("delete from design where design_id > 1000")
    for _ in range(3):
        assert shell.types(CYCLE).status == 1
    failing = shell.types(STATUS)
    assert failing.status == 0
    text = words(failing)
    assert text.startswith(
        "FAILING 3 attempts of poll have failed since the last success: MassDelete."
    )
    assert "To fix: if the deletion is intended" in text
    assert "docs/runbook/mass-delete.md" in text
    report = check(shell, 1, "failing")
    poll = report["attempts"]["poll"]
    assert (poll["outcome"], poll["error"], poll["failures"]) == ("failed", "MassDelete", 3)
    assert report["freshness_seconds"] > 0
    assert report["last_successful_poll"] < poll["at"]

    assert shell.types([*CYCLE, "--allow-mass-delete", "design"]).status == 0
    check(shell, 0, "healthy")


def test_dead_poller_is_stale_and_a_lake_without_a_poll_is_unknown(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
):
    shell.types(CYCLE)
    hours_later(monkeypatch, 2)
    text = words(shell.types(STATUS))
    assert text.startswith("STALE No poll has succeeded for 2 h. To fix: check that polls are")
    assert "docs/runbook/silence.md" in text
    assert 7200 <= check(shell, 1, "stale")["freshness_seconds"] < 7300
    assert shell.types([*CHECK, "--stale-after", "180"]).status == 0
