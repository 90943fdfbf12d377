"""The directory of a lake, checked for commands that read a lake and never create one."""

from pathlib import Path

from contracts import PlatformError


class NoLake(PlatformError):
    """The directory of the lake does not exist."""

    exit_code = 2


def existing(folder: Path) -> Path:
    """Return ``folder`` if it exists. Raises NoLake."""
    if not folder.is_dir():
        raise NoLake(f"There is no lake in {folder}. To fix: check --lake.")
    return folder
