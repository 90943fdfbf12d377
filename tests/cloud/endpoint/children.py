"""Child processes of the endpoint, which end with it."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock

PATIENCE = 60.0  # seconds for the children of a program that has ended

_running: set[subprocess.Popen[bytes]] = set()
_lock = Lock()


def run(
    command: list[str],
    folder: Path,
    environment: dict[str, str],
    output: Path,
    errors: Path | None = None,
    *,
    stdin: bytes = b"",
    timeout: float,
) -> int:
    """Run a program to its end and that of its children; return its exit status.

    Raises subprocess.TimeoutExpired after it and all its children are killed.
    """
    with output.open("wb") as out, (errors or output).open("ab") as error:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=error,
            start_new_session=True,
        )
        with _lock:
            _running.add(child)
        try:
            child.communicate(stdin, timeout)
            _wait_for_group(child.pid)
        except subprocess.TimeoutExpired:
            end(child)
            raise
        finally:
            with _lock:
                _running.discard(child)
    return child.returncode


def _wait_for_group(group: int) -> None:
    """Raises subprocess.TimeoutExpired after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.05)
        raise subprocess.TimeoutExpired(f"children of {group}", PATIENCE)


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill a process and all its children."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def end_all() -> None:
    """Kill all processes that still run."""
    with _lock:
        for child in _running:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
