"""The dashboard's web server as a process beside its caller."""

import socket
import subprocess  # nosec B404 # it starts our own web server
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.request import urlopen

from dashboard.errors import NotStarted
from dashboard.launch import HOST, PORT, command

PATIENCE, ANSWER, PAUSE = 60.0, 2.0, 0.1  # seconds
TO_STOP = 10.0
LOG_LINES = 5


@contextmanager
def running(told: Mapping[str, str], log: Path, port: int = 0) -> Iterator[str]:
    """The web server for the block, with what `launch.environment` made; its address, which
    answers.

    It listens on ``port``, or with 0 on the usual one or any that is free. Raises NotStarted.
    """
    port = _checked(port) if port else _free_port()
    with log.open("w") as written:
        process = subprocess.Popen(  # nosec B603 # no shell, and no argument from outside
            command(HOST, port), stdout=written, stderr=subprocess.STDOUT, env=dict(told)
        )
    try:
        address = f"http://{HOST}:{port}"
        _await(process, address, log)
        yield address
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
    with socket.socket() as probe:
        # connections that were closed a moment ago take no port
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _await(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    until = monotonic() + PATIENCE
    while process.poll() is None and monotonic() < until:
        try:
            with urlopen(f"{address}/_stcore/health", timeout=ANSWER):  # nosec B310 # our own
                return
        except OSError:  # not yet
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
