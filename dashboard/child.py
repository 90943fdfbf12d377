"""The dashboard's web server as a process beside its caller."""

import socket
import subprocess  # nosec B404 # it starts our own web server
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.request import urlopen

from dashboard.errors import NotStarted
from dashboard.launch import HOST, PORT, command
from dashboard.ports import listen_briefly

PATIENCE, ANSWER, PAUSE = 60.0, 2.0, 0.1  # seconds
TO_STOP = 10.0
LOG_LINES = 5


@dataclass(frozen=True)
class Child:
    """The web server's address, and its process."""

    address: str
    process: "subprocess.Popen[bytes]"

    def has_ended(self) -> bool:
        """Whether it ended by itself, or somebody else ended it."""
        return self.process.poll() is not None


@contextmanager
def running(
    told: Mapping[str, str], log: Path, port: int = 0, stopping: Event | None = None
) -> Iterator[Child]:
    """The web server for the block, with what `launch.environment` made. It answers, unless
    ``stopping`` was set while it started: then nobody waits for it.

    It listens on ``port``, or with 0 on the usual one or any that is free. Raises NotStarted.
    """
    port = _checked(port) if port else _free_port()
    with log.open("w") as written:
        process = subprocess.Popen(  # nosec B603 # no shell, and no argument from outside
            command(HOST, port),
            stdout=written,
            stderr=subprocess.STDOUT,
            env=dict(told),
            start_new_session=True,  # Ctrl-C is for its caller, who stops it
        )
    child = Child(f"http://{HOST}:{port}", process)
    try:
        _await(child, log, stopping or Event())
        yield child
    finally:
        _stop(process)


def _checked(port: int) -> int:
    # somebody else's server there would answer for ours
    if not _is_free(port):
        raise NotStarted(f"Port {port} is taken. Choose another port for the dashboard.")
    return port


def _free_port() -> int:
    if _is_free(PORT):
        return PORT
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    try:
        listen_briefly(HOST, port)
    except OSError:
        return False
    return True


def _await(child: Child, log: Path, stopping: Event) -> None:
    until = monotonic() + PATIENCE
    while not child.has_ended() and monotonic() < until:
        try:
            with urlopen(f"{child.address}/_stcore/health", timeout=ANSWER):  # nosec B310 # our own
                return
        except OSError:  # not yet
            if stopping.wait(PAUSE):
                return
    lines = "\n  ".join(log.read_text().strip().splitlines()[-LOG_LINES:]) or "nothing"
    raise NotStarted(
        f"The dashboard does not answer at {child.address}. Choose another port, or leave it out."
        f" It said:\n  {lines}"
    )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
