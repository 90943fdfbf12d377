"""The class-data archive of Java, from which Spark's classes are mapped instead of read from jars.

A start of Spark takes a third less CPU time with it. ``embedded.demo.archive_classes`` writes it,
for the Java and the jars of this Python environment. Java ignores an archive of other jars.
"""

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from contracts.project import PROJECT

QUIET = ("-Xlog:disable", "-Xlog:all=error:stderr")
"""Java writes warnings about classes that it cannot archive to the standard output."""


def configuration_folder() -> Path | None:
    """Return an empty folder that always has the same path, inside the Python environment, or None
    if there is none. It is on the class path, and Java compares the class path with the archive."""
    folder = _folder() / "conf"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return None if any(folder.iterdir()) else folder


def archive_file(java: Path, jars: Iterable[Path]) -> Path:
    """Return the file of the archive for this Java and these jars, which need not exist."""
    files = (java / "release", *jars)
    described = ((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)
    fingerprint = hashlib.sha256(repr(sorted(described)).encode()).hexdigest()[:16]
    return _folder() / f"{fingerprint}.jsa"


def reading(archive: Path) -> tuple[str, ...]:
    """Return the options with which a JVM uses the archive, if it exists."""
    return (f'"-XX:SharedArchiveFile={archive}"', *QUIET) if os.access(archive, os.R_OK) else ()


def writing(archive: Path) -> tuple[str, ...]:
    """Return the options with which a JVM writes the archive when it ends."""
    return (f'"-XX:ArchiveClassesAtExit={archive}"', *QUIET)


def _folder() -> Path:
    return Path(sys.prefix) / "share" / f"{PROJECT}-spark"
