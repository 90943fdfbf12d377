"""The folder from which Terraform deploys: it holds one build, or none."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from artifacts.errors import InvalidFolder


@contextmanager
def replaced(out: Path, names: Sequence[str]) -> Iterator[Path]:
    """A new folder for the block to write in; what it wrote under ``names`` takes the place of
    all that ``out`` has under them. If the block fails ``out`` stays as it was. Raises
    InvalidFolder."""
    with _temporary(out) as folder:
        made, former = folder / "made", folder / "former"
        made.mkdir()
        former.mkdir()
        yield made
        # First all of the old, the last first: whoever ends us here leaves no mixture.
        _move(out, former, names[::-1])
        _move(made, out, names)


@contextmanager
def _temporary(out: Path) -> Iterator[Path]:
    """In ``out`` itself: a move from there is never one to another disk."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(prefix=".making-", dir=out)
    except OSError as wrong:
        raise InvalidFolder(
            f"Nothing can be written to {out}: {wrong}. Give a folder, or where one can be made,"
            " with --out."
        ) from None
    with temporary as folder:
        yield Path(folder)


def _move(origin: Path, target: Path, names: Sequence[str]) -> None:
    for name in names:
        if (origin / name).exists():
            (origin / name).replace(target / name)
