"""An operator sees at a glance what is wrong: each test causes a failure and reads the screen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pg8000.native import Connection

from embedded.platform import Platform
from embedded.server import Server
from lake.run import now
from operations import alarms
from tests.pages import PROGRAM, Ended, Page, Shell
from tests.sessions import refusing_connections

WIDTH = 80
STATUS = [*PROGRAM, "status", "--warehouse", "$warehouse", "--lake", "./lake"]
RECONCILE = [*PROGRAM, "reconcile", "--source", "$source", *STATUS[len(PROGRAM) + 1 :]]
CHECK = [*STATUS, "--check"]
[CYCLE] = Page("operations.md").commands("## Pause and resume")
[DOCUMENTED] = Page("operations.md").commands("## Health check")

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
    assert shell.types(DOCUMENTED).report["state"] == "healthy"
    assert 0 < report["freshness_seconds"] < 900
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
    refused = shell.types(RECONCILE)
    assert "the next poll is refused." in words(refused)
    assert "rows of design were deleted from the source: the mass-delete guard" in words(refused)
    assert (refused.status, refused.report["mass_deletes"]) == (0, ["design"])

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


def test_unreachable_warehouse_quarantine_and_backlog_are_seen_and_lifted(
    shell: Shell, source: Connection, server: Server, warehouse_dsn: str, platform: Platform
):
    source.run("update sales_order set agreed_payment_date = 'soon' where sales_order_id < 4")
    shell.types(CYCLE)
    ended = shell.types(STATUS)
    assert "WARNING 3 rows are quarantined" in words(ended)
    assert shell.types(CHECK).status == 0

    source.run("update sales_order set agreed_payment_date = '2025-03-04' where sales_order_id < 4")
    with refusing_connections(server, warehouse_dsn):
        assert shell.types(CYCLE).status == 1
        down = shell.types(STATUS)
        assert down.status == 1
        text = words(down)
        assert "FAILING migrate_warehouse failed: Refused." in text
        assert "UNREACHABLE" in text
        assert "Pending: load 1" in text
    check(shell, 1, "failing")
    assert shell.types(CYCLE).status == 0
    check(shell, 0, "healthy")

    source.run("update sales_order set units_sold = units_sold + 1")
    platform.poll()
    text = words(shell.types([*STATUS, "--stale-after", "0"]))
    assert text.startswith("STALE")
    assert "The oldest batch has waited for" in text
    assert "Pending: dimensions 1, facts 1, load 1" in text
