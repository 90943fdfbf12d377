"""The packages of the Glue jobs that Glue does not provide, as zips of wheels.

Glue uses a zip as a package index (``--additional-python-modules s3://….gluewheels.zip`` with
``--python-modules-installer-option --no-index``): a folder ``wheels`` with the wheels, and a
``requirements.txt`` with the packages to install.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from artifacts.archive import write_zip
from artifacts.platforms import linux
from artifacts.tools import ROOT, build_wheel, pip

LOCK = ROOT / "requirements" / "glue.txt"
PUBLISH_LOCK = ROOT / "requirements" / "glue-publish.txt"
PROVIDED = ROOT / "requirements" / "glue-provided.in"
GLUE = linux("3.11", "x86_64")


def locked(lock: Path) -> dict[str, str]:
    """Return the lines of a lock file by package name, each with its hashes."""
    lines = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    pinned = (line for line in lines if "==" in line and not line.startswith("#"))
    return {line.partition("==")[0]: line for line in pinned}


GLUE_PROVIDES = frozenset(locked(PROVIDED))
"""Packages of the lock file that Glue 5.1 provides."""

REQUIRED = frozenset({"python-dateutil", "six", "urllib3"})
"""Packages of GLUE_PROVIDES that a wheel of a zip requires. The zip has them too: if pip does not
see the packages that Glue provides, it finds nothing but the zip."""


def make_glue_wheels(target: Path, publishing: Path) -> list[str]:
    """Write the zip of the jobs, and the zip of those that publish Iceberg tables, which has
    pyiceberg too. Return the names of the wheels of the latter. Raises ToolFailed."""
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder) / "wheels"
        wheels.mkdir()
        build_wheel(wheels)
        _write(target, LOCK, wheels)
        return _write(publishing, PUBLISH_LOCK, wheels)


def _write(target: Path, lock: Path, wheels: Path) -> list[str]:
    """Add the wheels of the lock file to the folder, and write it as a zip."""
    _download(pins(lock), wheels)
    names = sorted(wheel.name for wheel in wheels.glob("*.whl"))
    requirements = ["{}=={}".format(*name.split("-")[:2]) for name in names]
    (wheels / "requirements.txt").write_text("\n".join(requirements) + "\n")
    write_zip(target, wheels.parent)
    return names


def pins(lock: Path = LOCK) -> list[str]:
    """Return the lines of a lock file for the packages of its zip."""
    found = locked(lock)
    needed = REQUIRED if lock == PUBLISH_LOCK else REQUIRED - {"urllib3"}
    return [pin for name, pin in found.items() if name not in GLUE_PROVIDES - needed]


def _download(wanted: Iterable[str], folder: Path) -> None:
    options = ("--only-binary=:all:", "--no-deps", "--require-hashes", "--quiet")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as lock:
        lock.write("\n".join(wanted))
        lock.flush()
        paths = ("--dest", str(folder), "--requirement", lock.name)
        pip("download", *options, *GLUE.after, *paths)
