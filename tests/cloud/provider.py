"""Processes of the AWS provider that serve many Terraform commands of a test session.

Otherwise each command starts two or three, which takes most of the CPU time of a mocked test.
"""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

Environment = Mapping[str, str]

READY_WITHIN = 120.0  # seconds, on a busy machine
ANNOUNCED = re.compile(r"(TF_REATTACH_PROVIDERS)='(.+)'")


class ProviderFailed(Exception):
    """The provider did not start."""


class Providers(ExitStack):
    """One process for each program of the provider and environment, until the end of the block."""

    def __init__(self, folder: Path) -> None:
        """Write the logs of the processes to ``folder``."""
        super().__init__()
        self._folder = folder
        self._variables = dict[Any, dict[str, str]]()
        self._lock = Lock()

    def variable(self, program: Path, environment: Environment) -> dict[str, str]:
        """Return the variable with which Terraform finds the process, which starts on first use.
        Raises ProviderFailed."""
        key = (program, *sorted(environment.items()))
        with self._lock:
            if key not in self._variables:
                log = self._folder / f"provider{len(self._variables)}.log"
                own = _with_system_authority(environment)
                self._variables[key] = self.enter_context(_serving(program, log, own))
            return self._variables[key]


def _with_system_authority(environment: Environment) -> dict[str, str]:
    """Replace AWS_CA_BUNDLE, which the provider accepts only in its first configuration."""
    own = dict(environment)
    if bundle := own.pop("AWS_CA_BUNDLE", None):
        own["SSL_CERT_FILE"] = bundle
    return own


@contextmanager
def _serving(program: Path, log: Path, environment: Environment) -> Iterator[dict[str, str]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "-debug"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield dict([_announced(process, log)])
    finally:
        process.terminate()
        process.wait()


def _announced(process: subprocess.Popen[bytes], log: Path) -> tuple[str, str]:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        if found := ANNOUNCED.search(log.read_text()):
            return found[1], found[2]
        time.sleep(0.05)
    raise ProviderFailed(log.read_text())
