"""The dashboard's web server as a process beside its caller."""

import socket
import subprocess  # nosec B404 - it starts our own web server
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from dashboard.errors import NotStarted
from dashboard.launch import HOST, PORT, command

PATIENCE, PAUSE = 60.0, 0.1  # seconds
TO_STOP = 10.0
LOG_LINES = 5


@contextmanager
def running(told: Mapping[str, str], log: Path, port: int = 0) -> Iterator[str]:
    """The web server for the block, with what `launch.environment` made; its address, which
    answers.

    It listens on ``port``, or with 0 on the usual one or any that is free. Raises NotStarted.
    """
    port = port or _free_port()
    with log.open("w") as written:
        process = subprocess.Popen(  # nosec B603 - no shell, and no argument from outside
            command(HOST, port), stdout=written, stderr=subprocess.STDOUT, env=dict(told)
        )
    try:
        address = f"http://{HOST}:{port}"
        _await(process, address, log)
        yield address
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, PORT))
        except OSError:
            with socket.socket() as other:
                other.bind((HOST, 0))
                return int(other.getsockname()[1])
        return PORT


def _await(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    until = monotonic() + PATIENCE
    while process.poll() is None and monotonic() < until:
        try:
            with urlopen(f"{address}/_stcore/health", timeout=PATIENCE):  # nosec B310 - our own
                return
        except (URLError, ConnectionError):
            sleep(PAUSE)
    lines = "\n  ".join(log.read_text().strip().splitlines()[-LOG_LINES:]) or "nothing"
    raise NotStarted(
        f"The dashboard does not answer at {address}. Choose another port, or leave it out. It"
        f" said:\n  {lines}"
    )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
