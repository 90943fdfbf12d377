"""The platform kept running, stopped, and started again."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from time import sleep
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest
from pyspark.sql import SparkSession

from embedded.platform import Platform
from embedded.up import InvalidPace, Pace, keep_running
from lake.local import open_local_lake
from postgres import Refused

ROOT = Path(__file__).parents[2]


@pytest.fixture
def directory() -> Iterator[Path]:
    """A place through which the server's own user may pass."""
    directory = Path(tempfile.mkdtemp(prefix="totesys-up-"))
    yield directory
    shutil.rmtree(directory)


def lines_until(batches: int, directory: Path, spark: SparkSession) -> list[str]:
    """What is said until a cycle tells of that many batches."""
    said, stopping = list[str](), Event()

    def say(line: str, *, soft_wrap: bool = False) -> None:
        said.append(line)
        if f"batch {batches} " in line:
            stopping.set()

    keep_running(directory, Pace(every=0.2, rate=600), 40, stopping, say, lambda: spark)
    return said


def test_runs_until_told_to_stop_and_goes_on_where_it_was(directory: Path, spark: SparkSession):
    said = lines_until(3, directory, spark)
    assert any("visible after" in line for line in said)
    assert "Stopped." in said[-1]
    seq = open_local_lake(directory / "lake").batches.head_seq()
    assert seq == 3
    again = lines_until(5, directory, spark)
    assert not any("batch 1 " in line or "batch 2 " in line for line in again)
    assert open_local_lake(directory / "lake").loads.head_seq() == 5


def test_dashboard_answers_while_it_runs_and_stops_with_it(directory: Path, spark: SparkSession):
    said, answers, stopping = list[str](), list[int](), Event()

    def say(line: str, *, soft_wrap: bool = False) -> None:
        said.append(line)
        if "batch 1 " in line:
            with urlopen(address(said)) as answer:  # nosec B310 # our own
                answers.append(answer.status)
            stopping.set()

    keep_running(directory, Pace(1, 60), 40, stopping, say, lambda: spark, dashboard=0)
    assert answers == [200]
    with pytest.raises(URLError):
        urlopen(address(said))  # nosec B310 # our own
    assert "password" not in (directory / "dashboard.log").read_text()


def test_dashboard_that_has_ended_is_told_once_and_all_else_goes_on(
    directory: Path, spark: SparkSession
):
    said, stopping = list[str](), Event()

    def say(line: str, *, soft_wrap: bool = False) -> None:
        said.append(line)
        if "batch 1 " in line:
            for process in psutil.Process().children():
                if "streamlit" in process.cmdline():
                    process.kill()
        if "batch 4 " in line:
            stopping.set()

    keep_running(directory, Pace(0.2, 600), 40, stopping, say, lambda: spark, dashboard=0)
    assert len([line for line in said if "the dashboard has ended" in line]) == 1
    assert "Stopped." in said[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_signal_while_the_dashboard_starts_is_no_failure(directory: Path, number: signal.Signals):
    options = ["--directory", str(directory), "--orders", "40"]
    with subprocess.Popen(
        [sys.executable, "-m", "embedded", "up", *options],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        while not (directory / "dashboard.log").exists() and process.poll() is None:
            sleep(0.02)
        os.killpg(process.pid, number)  # as a terminal does
        assert process.stdout
        told = process.stdout.read()
    assert process.returncode == 0, told
    assert "Stopped." in told
    assert "batch" not in told


def address(said: list[str]) -> str:
    """Where the dashboard is, as the lines tell it."""
    [found] = re.findall(r"dashboard\s+\S*(http://127\.0\.0\.1:\d+)", "".join(said))
    return str(found)


def test_failing_cycle_is_told_and_the_next_one_tries_again(
    directory: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
):
    cycle, failures = Platform.cycle, [Refused("No entry.")]

    def failing(self: Platform) -> None:
        if failures:
            raise failures.pop()
        cycle(self)

    monkeypatch.setattr(Platform, "cycle", failing)
    said = lines_until(1, directory, spark)
    [failed] = [line for line in said if "failed" in line]
    assert "No entry. The next cycle tries again." in failed
    assert open_local_lake(directory / "lake").loads.head_seq() == 1


@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_signal_stops_everything_and_is_no_failure(directory: Path, number: signal.Signals):
    options = ["--directory", str(directory), "--every", "1", "--rate", "60", "--orders", "40"]
    with subprocess.Popen(
        [sys.executable, "-m", "embedded", "up", *options],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if "batch 1 " in line:
                process.send_signal(number)
                break
        rest = process.stdout.read()
    assert process.returncode == 0, rest
    assert "Stopped." in rest
    assert not (directory / "postgresql" / "data" / "postmaster.pid").exists()


@pytest.mark.parametrize(("every", "rate"), [(0, 1), (1, 0), (-1, 5)])
def test_pace_that_cannot_be_kept_is_refused(every: float, rate: float):
    with pytest.raises(InvalidPace, match="above 0"):
        Pace(every, rate)
