"""The class-data archive of the image: the JVM of one job writes it, and those of later jobs start
faster with it, as on one machine (embedded.server.class_archive)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

QUIET = "-Xlog:disable -Xlog:all=error:stderr"

_being_written = Lock()


@contextmanager
def options(image: Path) -> Iterator[str]:
    """Return the options of a JVM that starts and ends in the block."""
    archive, new = image / "classes.jsa", image / "classes.new"
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
