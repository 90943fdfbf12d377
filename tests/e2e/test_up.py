"""`python -m embedded up`: it runs until a signal stops it, and a second run continues."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from time import sleep
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest
from pyspark.sql import SparkSession

from dashboard.errors import NotStarted
from dashboard.launch import HOST
from dashboard.ports import any_free
from embedded.demo.pace import InvalidPace, Pace
from embedded.demo.up import Choices, keep_running
from embedded.platform import Platform
from embedded.server import ServerFailed
from lake.local import open_local_lake
from postgres import Refused, connected, from_dsn

ROOT = Path(__file__).parents[2]
PACE = Pace(every=0.2, rate=600)


@pytest.fixture
def directory() -> Iterator[Path]:
    """Create a directory that the database server's own user can traverse."""
    with temporary_directory() as created:
        yield created


@pytest.fixture(scope="module")
def first_run(spark: SparkSession) -> Iterator[Path]:
    """Return the directory of an `up` that stopped after the first batch, which takes the most
    time. Tests continue in copies of it."""
    with temporary_directory() as created:
        lines = lines_until(1, created, spark)
        assert "Stopped." in lines[-1]
        yield created


@pytest.fixture
def continued(directory: Path, first_run: Path) -> Path:
    """Return a copy of the directory of the first run; its files keep their owners. It has no
    published tables: those of a copied lake are refused."""
    shutil.rmtree(directory)
    subprocess.run(["cp", "-a", str(first_run), str(directory)], check=True)
    shutil.rmtree(directory / "lake/processed/_published", ignore_errors=True)
    return directory


@contextmanager
def temporary_directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="totesys-up-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@pytest.fixture(autouse=True)
def hangup_ends_children() -> Iterator[None]:
    """Start children with the default action for SIGHUP, even where nohup has it ignored here.

    A child inherits an ignored signal. A signal with a handler is reset to its default in a child.
    """
    before = signal.signal(signal.SIGHUP, lambda *_: None)
    yield
    signal.signal(signal.SIGHUP, before)


@dataclass
class Webhook:
    """A server on this machine that keeps the messages it receives."""

    url: str = ""
    messages: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    result = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            result.messages.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        result.url = f"http://127.0.0.1:{server.server_address[1]}/alarms"
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield result
        server.shutdown()
        thread.join()


def start(directory: Path, *options: str) -> "subprocess.Popen[str]":
    """Start `up` as a program, in a session of its own so that signals reach its children too."""
    return subprocess.Popen(
        [sys.executable, "-m", "embedded", "up", "--directory", str(directory), *options],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def lines_until(batches: int, directory: Path, spark: SparkSession, orders: int = 40) -> list[str]:
    """Return the lines until a cycle reports that many batches."""
    lines, stopping = list[str](), Event()

    def say(line: str, *, soft_wrap: bool = False) -> None:
        lines.append(line)
        if f"batch {batches} " in line:
            stopping.set()

    keep_running(directory, Choices(PACE, orders), stopping, say, lambda: spark)
    return lines


def test_second_run_continues_where_the_first_was_stopped(continued: Path, spark: SparkSession):
    assert open_local_lake(continued / "lake").batches.head_seq() == 1
    port = (continued / "postgresql" / "port").read_text()
    again = lines_until(3, continued, spark, orders=500)
    assert (continued / "postgresql" / "port").read_text() == port
    assert f"127.0.0.1:{port}/" in "".join(again)
    assert "--orders 500 is ignored: the source already has rows." in again
    assert not any("the first rows" in line for line in again)
    assert not any("batch 1 " in line for line in again)
    assert any("visible after" in line for line in again)
    assert open_local_lake(continued / "lake").loads.last_batch() == 3


def test_dashboard_answers_while_up_runs_and_stops_with_it(directory: Path, spark: SparkSession):
    lines, answers, stopping = list[str](), list[int](), Event()

    def say(line: str, *, soft_wrap: bool = False) -> None:
        lines.append(line)
        if "batch 1 " in line:
            with urlopen(address(lines)) as answer:  # nosec B310 # our own
                answers.append(answer.status)
            stopping.set()

    port = any_free(HOST)
    choices = Choices(Pace(1, 60), 40, port)
    keep_running(directory, choices, stopping, say, lambda: spark)
    assert answers == [200]
    with pytest.raises(URLError):
        urlopen(address(lines))  # nosec B310 # our own
    assert "password" not in (directory / "dashboard.log").read_text()


def test_end_of_the_dashboard_is_reported_once_and_cycles_continue(
    continued: Path, spark: SparkSession
):
    lines, stopping = list[str](), Event()

    def say(line: str, *, soft_wrap: bool = False) -> None:
        lines.append(line)
        if "batch 2 " in line:
            for process in psutil.Process().children():
                if f"--server.port={port}" in process.cmdline():  # not those of other tests
                    process.kill()
        if "batch 4 " in line:
            stopping.set()

    port = any_free(HOST)
    keep_running(continued, Choices(PACE, 40, port), stopping, say, lambda: spark)
    assert len([line for line in lines if "the dashboard has ended" in line]) == 1
    assert "Stopped." in lines[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_signal_while_the_dashboard_starts_is_not_a_failure(
    directory: Path, number: signal.Signals
):
    with start(directory, "--orders", "40", "--dashboard-port", str(any_free(HOST))) as process:
        while not (directory / "dashboard.log").exists() and process.poll() is None:
            sleep(0.02)
        os.killpg(process.pid, number)  # as a terminal does
        assert process.stdout
        output = process.stdout.read()
    assert process.returncode == 0, output
    assert "Stopped." in output
    assert "batch" not in output


def address(lines: list[str]) -> str:
    """Return the address of the dashboard that the lines print."""
    [found] = re.findall(r"dashboard\s+\S*(http://127\.0\.0\.1:\d+)", "".join(lines))
    return str(found)


def test_failing_cycle_is_reported_and_the_next_one_tries_again(
    continued: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
):
    cycle, failures = Platform.cycle, [Refused("No entry.")]

    def failing(self: Platform) -> None:
        if failures:
            raise failures.pop()
        cycle(self)

    monkeypatch.setattr(Platform, "cycle", failing)
    lines = lines_until(2, continued, spark)
    [failed] = [line for line in lines if "failed" in line]
    assert "No entry. The next cycle tries again." in failed
    assert open_local_lake(continued / "lake").loads.last_batch() == 2


def test_sigterm_stops_everything_and_an_ignored_hangup_stops_nothing(continued: Path):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    options = ["--every", "1", "--rate", "60", "--no-dashboard"]
    with start(continued, *options) as process:
        process.send_signal(signal.SIGHUP)
        assert process.stdout
        for line in process.stdout:
            if "batch 2 " in line:
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stdout.read()
    assert process.returncode == 0, rest
    assert "Stopped." in rest
    assert not (continued / "postgresql" / "data" / "postmaster.pid").exists()


ABANDON = """
import os, signal, sys
from pathlib import Path
from dashboard.child import _start
from embedded.demo.dashboard_process import OWNER
from embedded.server import running
folder = Path(sys.argv[1])
with running(folder / "postgresql") as server:
    environ = {**os.environ, OWNER: str(folder.resolve()), "TOTESYS_WAREHOUSE_DSN": server.dsn()}
    child = _start(environ, folder / "dashboard.log", int(sys.argv[2]))
    while not child.answers():
        pass
    print(child.process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_up_takes_over_what_a_killed_one_left_restarts_its_database_and_notifies(
    continued: Path, spark: SparkSession, webhook: Webhook
):
    port, lines, stopping = any_free(HOST), list[str](), Event()
    killed = subprocess.run(
        [sys.executable, "-c", ABANDON, str(continued), str(port)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    orphan = int(killed.stdout)
    assert psutil.pid_exists(orphan)

    def say(line: str, *, soft_wrap: bool = False) -> None:
        lines.append(line)
        if "batch 2 " in line:
            source(continued, "update sales_order set agreed_payment_date = 'soon'")
        if "batch 3 " in line:
            source(continued, "update sales_order set agreed_payment_date = '2025-03-04'")
            postmaster = int((continued / "postgresql/data/postmaster.pid").read_text().split()[0])
            psutil.Process(postmaster).kill()
        if "batch 5 " in line or len(lines) > 60:
            stopping.set()

    choices = Choices(PACE, 40, port, webhook.url)
    keep_running(continued, choices, stopping, say, lambda: spark)
    text = "\n".join(lines)
    assert f"Stopped the dashboard (process {orphan})" in text
    assert f":{port}" in text
    assert "PostgreSQL had ended" in text
    assert "batch 5 " in text
    told = [(message["alarm"], message["state"]) for message in webhook.messages]
    assert told[0] == ("quarantined-rows", "ALARM")
    assert ("quarantined-rows", "OK") in told
    assert "rows are quarantined" in webhook.messages[0]["text"]


def source(directory: Path, statement: str) -> None:
    """Run a statement in the source, whose address is in env.sh."""
    [dsn] = re.findall(r"^export source=(.*)$", (directory / "env.sh").read_text(), re.MULTILINE)
    with connected(from_dsn(dsn.strip("'")), "test") as connection:
        connection.run(statement)


@pytest.mark.parametrize("service", ["postgresql", "dashboard"])
def test_ports_in_use_are_refused_before_anything_is_made(directory: Path, service: str):
    def say(line: str, *, soft_wrap: bool = False) -> None:
        raise AssertionError(line)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, process = taken.getsockname()[1], os.getpid()
        if service == "postgresql":
            (directory / "postgresql").mkdir()
            (directory / "postgresql" / "port").write_text(str(port))
        before = sorted(directory.rglob("*"))
        refusal = rf"Port {port}.* is already in use by process {process} \("
        with pytest.raises((ServerFailed, NotStarted), match=refusal):
            keep_running(directory, Choices(PACE, 40, port), Event(), say)
    assert sorted(directory.rglob("*")) == before


@pytest.mark.parametrize(("every", "rate"), [(0, 1), (1, 0), (-1, 5)])
def test_pace_that_is_not_positive_is_refused(every: float, rate: float):
    with pytest.raises(InvalidPace, match="above 0"):
        Pace(every, rate)
