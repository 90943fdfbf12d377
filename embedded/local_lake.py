"""The directory of a lake, checked for commands that read a lake and never create one."""

from pathlib import Path

from contracts import PlatformError


class NoLake(PlatformError):
    """The directory of the lake does not exist."""

    exit_code = 2


def existing(folder: Path) -> Path:
    """Return the absolute path of ``folder`` if it exists. Raises NoLake."""
    folder = folder.resolve()  # as a cycle does: the system reads no ".." of a missing folder
    if not folder.is_dir():
        raise NoLake(f"There is no lake in {folder}. To fix: check --lake.")
    return folder
