"""The cycles of `up`: one after another, each with a line about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from time import monotonic
from typing import Protocol

from rich.markup import escape

from contracts import PlatformError
from dashboard.child import Child
from embedded.demo.dashboard_process import LOG
from embedded.demo.pace import Pace
from embedded.demo.welcome import Say
from embedded.platform import Platform
from embedded.server import Server
from operations.alarms import limits_at
from operations.health import health
from operations.notifications import Notifier
from operations.terminal import format_changes


class Writer(Protocol):
    """Writes to the source in the background."""

    def take(self) -> tuple[list[str], float | None]:
        """Return the changes since the last call, and the monotonic time of the first (or None)."""


@dataclass
class Cycles:
    """Cycles of a platform whose server it starts again if it has ended. ``dashboard`` is None if
    there is none, or if its end was reported; ``notifier`` is None without a webhook. ``waiting``
    are the changes of cycles that failed, and ``oldest`` is the time of the first of them."""

    server: Server
    platform: Platform
    writer: Writer
    pace: Pace
    say: Say
    dashboard: Child | None = None
    notifier: Notifier | None = None
    waiting: list[str] = field(default_factory=list)
    oldest: float | None = None

    def run(self, stopping: Event) -> None:
        """Run cycles until ``stopping`` is set; a cycle that is running ends first."""
        while not stopping.is_set():
            start = monotonic()
            for line in self._cycle():
                self.say(f"{datetime.now():%H:%M:%S}   {line}")  # noqa: DTZ005 - the clock on the wall
            stopping.wait(max(0.0, self.pace.every - (monotonic() - start)))

    def _cycle(self) -> Iterator[str]:
        """Run a cycle, and yield lines about it."""
        try:
            if self.server.revive():
                yield "[bold red]PostgreSQL had ended[/] and was started again."
            self._take()
            self.platform.cycle()
            yield self._report()
            self.waiting, self.oldest = [], None
            if reason := self.platform.publish():
                yield f"[yellow]not published[/]: {escape(reason)} The next cycle tries again."
            elif reason := self.platform.compact():
                yield f"[yellow]not compacted[/]: {escape(reason)} A later cycle tries again."
        except PlatformError as error:
            yield f"[bold red]failed[/]: {escape(str(error))} The next cycle tries again."
        if self.dashboard and self.dashboard.has_ended():
            self.dashboard = None
            yield f"[bold red]the dashboard has ended[/]; see {LOG}. All else keeps running."
        yield from self._notify()

    def _take(self) -> None:
        """Take the changes before the poll, which may miss later ones."""
        changes, oldest = self.writer.take()
        self.waiting += changes
        self.oldest = self.oldest or oldest

    def _report(self) -> str:
        report = self.platform.report()
        if not report["changes"] and not self.waiting:
            return f"batch {report['seq']}   no changes"
        counts = escape(format_changes(report["changes"]))
        quarantined = report["quarantined"]
        quarantine = f"   [red]{quarantined} in quarantine[/]" if quarantined else ""
        summary = _summary(report["seq"], self.waiting, self.oldest)
        return f"batch {report['seq']}   {summary}   [dim]{counts}[/]{quarantine}"

    def _notify(self) -> Iterator[str]:
        """Send the alarms that began or ended. A failure is a line, and stops nothing."""
        if self.notifier is None:
            return
        try:
            found = health(self.platform.lake, limits_at(self.pace.every))
            self.notifier.update(found.alarms)
        except PlatformError as error:
            yield f"[bold red]no notification[/]: {escape(str(error))}"


def _summary(seq: int, changes: list[str], oldest: float | None) -> str:
    if not changes:
        return "the first rows" if seq == 1 else "changes from before this start"
    visible = f", the oldest visible after {monotonic() - oldest:.1f} s" if oldest else ""
    return f"{len(changes)} changes{visible}"
