"""One process of the AWS provider for all Terraform commands of a test session.

Otherwise each command starts its own, which takes most of the CPU time of a mocked test.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cloud.terraform import inherited

READY_WITHIN = 60.0  # seconds, on a busy machine
ANNOUNCED = re.compile(r"(TF_REATTACH_PROVIDERS)='(.+)'")


class ProviderFailed(Exception):
    """The provider did not start."""


@contextmanager
def serving(program: Path, log: Path) -> Iterator[dict[str, str]]:
    """Run the provider for the block, and return the variable with which Terraform finds it. The
    provider has no credentials. Raises ProviderFailed."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "-debug"],
            env=inherited(),
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
