"""A class-data archive of Java: Spark starts in two thirds of the CPU time if its classes are mapped
from a file instead of being read from the jars.

The first JVM writes the archive when it ends, and later ones map it. Java ignores an archive of
other jars, so a wrong one costs only time.
"""

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from contracts.project import PROJECT

QUIET = ("-Xlog:disable", "-Xlog:all=error:stderr")
"""Java writes warnings about classes that it cannot archive to the standard output."""


def folder() -> Path | None:
    """Return the folder of the archives, inside the Python environment, which is removed with it.
    Return None if it is not writable."""
    path = Path(sys.prefix) / "share" / f"{PROJECT}-spark"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return path if os.access(path, os.W_OK) else None


def options(folder: Path, java: Path, jars: Iterable[Path]) -> tuple[str, ...]:
    """Return the options with which a JVM uses the archive for ``jars``, or writes it."""
    archive = folder / f"{_fingerprint([java / 'release', *jars])}.jsa"
    if _is_complete(archive):
        return (f'"-XX:SharedArchiveFile={archive}"', *QUIET)
    for outdated in folder.glob("*.jsa"):
        outdated.unlink(missing_ok=True)
    return (f'"-XX:ArchiveClassesAtExit={archive}"', *QUIET)


def _fingerprint(files: Iterable[Path]) -> str:
    described = ((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)
    return hashlib.sha256(repr(sorted(described)).encode()).hexdigest()[:16]


def _is_complete(archive: Path) -> bool:
    """Return whether Java finished writing the archive: it writes the file's header last."""
    try:
        with archive.open("rb") as file:
            return any(file.read(4))
    except FileNotFoundError:
        return False
