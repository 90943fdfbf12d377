"""Measure a program: its time, its processor time, and the memory of all its processes."""

import json
import os
import subprocess  # nosec B404 # each figure is that of a process of its own
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

INTERVAL = 0.02  # seconds between two looks at the processes
MB = 1e6


@dataclass(frozen=True)
class Figure:
    """The cost of one case of a step.

    ``seconds`` are the program's, from its start to its end, unless it measured a part of itself.
    ``cpu_seconds`` and ``megabytes``, the highest sum at a time, are those of all its processes,
    ``server_seconds`` the processor time of the PostgreSQL server meanwhile; None where they were
    not measured. ``note`` is the reason of a case without seconds.
    """

    step: str
    case: str
    seconds: float | None
    cpu_seconds: float | None = None
    server_seconds: float | None = None
    megabytes: float | None = None
    rows: int = 0
    note: str = ""
    is_peer: bool = False


@dataclass
class Measured:
    """The cost of a program, and the JSON object that it printed last; {} if it printed none."""

    seconds: float
    cpu_seconds: float
    server_seconds: float | None
    megabytes: float
    status: int | None
    output: str = ""
    printed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def own(self) -> dict[str, Any]:
        """The rows and seconds that the program printed of the part of itself that it measured."""
        return {name: self.printed[name] for name in ("rows", "seconds") if name in self.printed}

    def figure(self, step: str, case: str, **fields: Any) -> Figure:
        """Return the figure of this program."""
        if self.status is None:
            fields["note"] = f"stopped after {self.seconds:.0f} s"
        elif self.status:
            fields["note"] = self.output.strip().rpartition("\n")[2][:120] or "failed"
        is_done = self.status == 0
        seconds = fields.pop("seconds", self.seconds) if is_done else None
        cost = self.cpu_seconds, self.server_seconds, self.megabytes
        return Figure(step, case, seconds, *cost, **fields)


def measure(
    command: Sequence[str],
    environ: Mapping[str, str] | None = None,
    limit: float = 3600.0,
    server: psutil.Process | None = None,
) -> Measured:
    """Run the program to its end, or stop it after ``limit`` seconds, and return its cost, and that
    of the PostgreSQL ``server``."""
    before = server_seconds(server)
    variables = {**os.environ, **(environ or {})}
    with subprocess.Popen(  # nosec B603 # our own modules and the locked peers
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        # a thread reads the output, so that a full pipe never blocks the program
        watched = _Watched(psutil.Process(process.pid), limit)
        output, _ = watched.while_it_runs(process)
    status = None if watched.was_stopped else process.returncode
    server_cost = server_seconds(server) - before if server else None
    cost = watched.seconds, watched.cpu, server_cost, watched.peak / MB
    return Measured(*cost, status, output, last_object(output))


def measure_module(module: str, *arguments: str, **options: Any) -> Measured:
    """Run a module of the project with this Python, and return its cost."""
    return measure([sys.executable, "-m", module, *arguments], **options)


def server_seconds(server: psutil.Process | None) -> float:
    """Return the processor seconds of a PostgreSQL server: those of its processes, and those of
    sessions that have ended, which the kernel adds to their parent's."""
    if server is None:
        return 0.0
    times = server.cpu_times()
    ended = times.children_user + times.children_system
    used = [times.user, times.system]
    for child in server.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # its parent has its time
            used += child.cpu_times()[:2]
    return float(ended + sum(used))


def last_object(output: str) -> Mapping[str, Any]:
    """Return the JSON object that is the last line, or {}."""
    try:
        value = json.loads(output.strip().rpartition("\n")[2])
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


class _Watched:
    """A program that is looked at until it ends."""

    def __init__(self, process: psutil.Process, limit: float) -> None:
        self._process, self._limit = process, limit
        self._start = time.perf_counter()
        self._cpu: dict[int, float] = {}
        self.peak, self.seconds, self.was_stopped = 0, 0.0, False

    @property
    def cpu(self) -> float:
        """The processor seconds of all processes, each as it was seen last."""
        return sum(self._cpu.values())

    def while_it_runs(self, process: "subprocess.Popen[str]") -> tuple[str, str]:
        while True:
            try:
                output = process.communicate(timeout=INTERVAL)
            except subprocess.TimeoutExpired:
                self._look()
                if time.perf_counter() - self._start > self._limit:
                    self._stop()
            else:
                self.seconds = time.perf_counter() - self._start
                return output

    def _look(self) -> None:
        memory = 0
        for process in self._tree():
            try:
                used = process.cpu_times()
                self._cpu[process.pid] = used.user + used.system
                memory += process.memory_info().rss
            except psutil.Error:  # it has just ended
                continue
        self.peak = max(self.peak, memory)

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return []

    def _stop(self) -> None:
        self.was_stopped = True
        for process in reversed(self._tree()):
            process.kill()
