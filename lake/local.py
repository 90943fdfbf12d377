"""A lake in a directory of this machine."""

from pathlib import Path

from lake.lake import Lake, open_lake


def local_addresses(folder: Path) -> tuple[str, str]:
    """Return the addresses of the two stores of a lake in ``folder``."""
    root = folder.resolve()
    return (root / "ingestion").as_uri(), (root / "processed").as_uri()


def open_local_lake(folder: Path) -> Lake:
    """Open the lake in ``folder``, in the generation that is in use there."""
    return open_lake(*local_addresses(folder)).in_use()
