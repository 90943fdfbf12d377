"""The dashboard's web server as a child process."""

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
from dashboard.ports import any_free, is_free, user

START_TIMEOUT, ANSWER_TIMEOUT, STOP_TIMEOUT = 60.0, 2.0, 10.0  # seconds
PAUSE = 0.1  # seconds between two looks at a server that starts
LOG_LINES = 5


@dataclass(frozen=True)
class Child:
    """The web server's address, its process, and its log."""

    address: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def has_ended(self) -> bool:
        """Return whether the process has ended."""
        return self.process.poll() is not None

    def answers(self) -> bool:
        """Return whether this server listens at its address and answers there."""
        # Only the log shows that it is not another server that was faster to take the port.
        if self.address not in self.log.read_text(errors="replace"):
            return False
        try:
            # the address is our own child's, on this machine: never a file: or another scheme
            with urlopen(f"{self.address}/_stcore/health", timeout=ANSWER_TIMEOUT):  # nosec B310
                return True
        except OSError:
            return False


@contextmanager
def running(
    environ: Mapping[str, str], log: Path, port: int = 0, stopping: Event | None = None
) -> Iterator[Child]:
    """Run the web server for the block, in an environment of `launch.environment`. It answers when
    the block begins, unless ``stopping`` was set while it started.

    It listens on ``port``; 0 means the default port, or any free port if that is in use.
    Raises NotStarted.
    """
    for number in _candidates(port):
        child = _start(environ, log, number)
        try:
            if _await(child, stopping or Event()):
                yield child
                return
        finally:
            _stop(child.process)
    raise _not_started(log)


def _candidates(port: int) -> Iterator[int]:
    """Yield the ports to try, one after another."""
    if port and not is_free(HOST, port):
        raise NotStarted(
            f"Port {port} is already in use{user(port)}. To fix: choose another port for the"
            " dashboard."
        )
    if port or is_free(HOST, PORT):
        yield port or PORT
    if not port:
        yield any_free(HOST)


def _start(environ: Mapping[str, str], log: Path, port: int) -> Child:
    with log.open("w") as output:
        process = subprocess.Popen(  # nosec B603 # no shell, and no argument from outside
            command(HOST, port),
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            start_new_session=True,  # Ctrl-C reaches only the caller, who stops the server
        )
    return Child(f"http://{HOST}:{port}", process, log)


def _await(child: Child, stopping: Event) -> bool:
    """Return whether the server answers, or its caller does not wait for it any longer."""
    until = monotonic() + START_TIMEOUT
    while not child.has_ended() and monotonic() < until:
        if child.answers() or stopping.wait(PAUSE):
            return True
    return False


def _not_started(log: Path) -> NotStarted:
    lines = log.read_text(errors="replace").strip().splitlines()[-LOG_LINES:]
    output = "\n  ".join(lines) or "(empty)"
    return NotStarted(
        "The dashboard did not start. To fix: choose another port, or run without the dashboard."
        f" The end of its log:\n  {output}"
    )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
