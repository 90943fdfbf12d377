"""Where the Lambda's package is to run: an architecture of AWS, or this machine for tests."""

import os
import platform
import shutil
import subprocess  # nosec B404 # interpreters are asked for their version
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAMBDA_PYTHON = "3.13"
PYTHONS = (LAMBDA_PYTHON, "3.11")
"""The versions on which the Lambda's code is tested, the runtime's own first."""

GLIBCS = ("manylinux_2_34", "manylinux_2_28", "manylinux2014")
"""What wheels may ask of Amazon Linux 2023, on which Lambda and Glue run."""

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


@dataclass(frozen=True)
class Platform:
    """A Python ``version`` on a ``machine``; ``pip`` says to pip which wheels run there, before
    its command (where pip is to run in another interpreter) and after it."""

    python: str
    machine: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def platform_of(name: str) -> Platform:
    """The platform "arm64", "x86_64" or "host"."""
    return host() if name == "host" else linux(LAMBDA_PYTHON, MACHINES[name])


def linux(python: str, machine: str) -> Platform:
    """Amazon Linux 2023, whatever machine asks."""
    tags = (f"--platform={glibc}_{machine}" for glibc in GLIBCS)
    return Platform(python, machine, after=(f"--python-version={python}", *tags))


def host() -> Platform:
    """This machine, with the first of PYTHONS that is installed here."""
    version, interpreter = host_python()
    return Platform(version, platform.machine(), before=("--python", interpreter))


def host_python() -> tuple[str, str]:
    """The version and the path of the interpreter that a package for the host is made for."""
    for version in PYTHONS:
        for interpreter in _candidates(version):
            if _version(interpreter) == version:
                return version, interpreter
    return platform.python_version().rpartition(".")[0], sys.executable


def _candidates(version: str) -> Iterator[str]:
    """Where .ci/venv looks."""
    yield from filter(None, [shutil.which(f"python{version}")])
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))
    yield sys.executable


def _version(interpreter: str) -> str | None:
    asked = subprocess.run(  # nosec B603 # no shell, and no input of others
        [interpreter, "-c", VERSION], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() if asked.returncode == 0 else None
