"""The class-data archive of Spark: the JVM of one job writes it, and those of later jobs, also of
later test runs, start with less than half of the CPU time, as on one machine
(embedded.server.class_archive)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

QUIET = "-Xlog:disable -Xlog:all=error:stderr"

_being_written = Lock()


@contextmanager
def options(spark: Path) -> Iterator[str]:
    """Return the options of a JVM that starts and ends in the block, for a home of Spark."""
    archive, new = spark / "classes.jsa", spark / f"classes-{os.getpid()}.new"
    if archive.exists():
        yield f"-XX:SharedArchiveFile={archive} {QUIET}"
    elif _being_written.acquire(blocking=False):
        try:
            yield f"-XX:ArchiveClassesAtExit={new} {QUIET}"
            if new.exists():  # a job without Spark has no JVM
                new.rename(archive)
        finally:
            _being_written.release()
    else:
        yield ""
