"""The platforms of the Lambda package: the architectures of AWS, and this machine for tests."""

import os
import platform
import shutil
import subprocess  # nosec B404 # prints the version of an interpreter
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAMBDA_PYTHON = "3.13"
PYTHONS = (LAMBDA_PYTHON, "3.11")
"""Python versions on which the Lambda code is tested, that of the runtime first."""

GLIBCS = ("manylinux_2_34", "manylinux_2_28", "manylinux2014")
"""Wheel tags that Amazon Linux 2023 supports, on which Lambda and Glue run."""

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


@dataclass(frozen=True)
class Platform:
    """A Python version on an architecture. ``before`` and ``after`` are the options of pip that
    select its wheels, before its command (another interpreter) and after it."""

    python: str
    machine: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def platform_of(name: str) -> Platform:
    """Return the platform "arm64", "x86_64" or "host"."""
    return host() if name == "host" else linux(LAMBDA_PYTHON, MACHINES[name])


def linux(python: str, machine: str) -> Platform:
    """Return the platform Amazon Linux 2023, whatever this machine is."""
    tags = (f"--platform={glibc}_{machine}" for glibc in GLIBCS)
    return Platform(python, machine, after=(f"--python-version={python}", *tags))


def host() -> Platform:
    """Return this machine as a platform, with the first of PYTHONS that is installed."""
    version, interpreter = host_python()
    return Platform(version, platform.machine(), before=("--python", interpreter))


def host_python() -> tuple[str, str]:
    """Return version and path of the interpreter of a package for the host."""
    for version in PYTHONS:
        for interpreter in _candidates(version):
            if _version(interpreter) == version:
                return version, interpreter
    return platform.python_version().rpartition(".")[0], sys.executable


def _candidates(version: str) -> Iterator[str]:
    """Yield the interpreters that .ci/venv tries, in the same order."""
    yield from filter(None, [shutil.which(f"python{version}")])
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))
    yield sys.executable


def _version(interpreter: str) -> str | None:
    process = subprocess.run(  # nosec B603 # no shell, and no input of others
        [interpreter, "-c", VERSION], capture_output=True, text=True, check=False
    )
    return process.stdout.strip() if process.returncode == 0 else None
