"""The health of a platform on a terminal: what is wrong, why, and the last attempts."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lake import now
from operations.alarms import Alarm
from operations.durations import duration
from operations.health import Health
from operations.last_attempts import LastAttempts
from operations.screen import RED, YELLOW, section

REMEDY = "To fix: "
RUNBOOK = "docs/runbook"
NO_PAGE = "warehouse"


def show_health(screen: Console, health: Health) -> None:
    """Print the state with every alarm and its remedy, and the last attempts of each part."""
    screen.print()
    screen.print(_findings(health))
    screen.print(Text(f"\n{_last_poll(health)}"))
    attempts = [part for part in health.facts.parts if part.last]
    if attempts:
        screen.print(_attempts(attempts))


def _findings(health: Health) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column("state", no_wrap=True)
    table.add_column("reason", overflow="fold")
    if health.is_healthy:
        table.add_row(Text("HEALTHY", style="bold green"), health.polls)
    elif health.polls:
        table.add_row(Text("PAUSED", style=YELLOW), health.polls)
    for alarm in health.alarms:
        style = YELLOW if alarm.state == "warning" else RED
        reason = Text("\n".join(_lines(alarm)))
        table.add_row(Text(alarm.state.upper(), style=style), reason)
    return table


def _lines(alarm: Alarm) -> Iterator[str]:
    """Yield the reason, the remedy, and the page of the runbook."""
    reason, found, remedy = alarm.reason.partition(REMEDY)
    yield reason.strip()
    if found:
        yield f"{found}{remedy.strip()}"
    if alarm.name != NO_PAGE:
        yield f"See {RUNBOOK}/{alarm.name}.md."


def _last_poll(health: Health) -> str:
    moment, age = health.facts.polled_at, health.freshness
    if moment is None or age is None:
        return "Last successful poll: none. Freshness: unknown."
    ago = duration(max(0.0, (now() - moment).total_seconds()))
    return f"Last successful poll: {_time(moment)} (UTC), {ago} ago. Freshness: {duration(age)}."


def _attempts(parts: Sequence[LastAttempts]) -> Table:
    table = section("The last attempts (UTC)")
    table.add_column("part", no_wrap=True)
    table.add_column("ended", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("last success", no_wrap=True)
    for part in parts:
        last, succeeded = part.last, part.succeeded
        if last:
            outcome = Text(last.outcome, style=RED if last.has_failed else "")
            success = _time(succeeded.ended_at) if succeeded else "none"
            table.add_row(part.part, _time(last.ended_at), outcome, duration(last.seconds), success)
    return table


def _time(moment: datetime) -> str:
    return f"{moment:%m-%d %H:%M:%S}"
