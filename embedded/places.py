"""Where the parts of the platform on one machine are."""

from dataclasses import replace
from pathlib import Path

from contracts import PlatformError
from lake import Lake, open_lake


class NoLake(PlatformError):
    """The directory of a lake that should be there is not."""

    exit_code = 2


def existing(folder: Path) -> Path:
    """The directory of a lake, for who reads one and makes none. Raises NoLake."""
    if not folder.is_dir():
        raise NoLake(f"There is no lake in {folder}; check --lake.")
    return folder


def addresses(folder: Path) -> tuple[str, str]:
    """The addresses of the two stores of a lake in a directory."""
    root = folder.absolute()
    return (root / "ingestion").as_uri(), (root / "processed").as_uri()


def lake_in(folder: Path) -> Lake:
    """The lake in a directory, in the generation that is in use there."""
    lake = open_lake(*addresses(folder))
    return replace(lake, generation=lake.generations.head_seq() or lake.generation)
