"""The folder from which Terraform deploys: it contains one complete build, or none."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from artifacts.errors import InvalidFolder


@contextmanager
def replaced(out: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield a new folder to write in; after the block, its entries ``names`` replace those of
    ``out``. If the block fails, ``out`` does not change. Raises InvalidFolder."""
    with _temporary(out) as folder:
        new, former = folder / "new", folder / "former"
        new.mkdir()
        former.mkdir()
        yield new
        # Remove every former entry first, in reverse: an interruption leaves no mixture of builds.
        _move(out, former, names[::-1])
        _move(new, out, names)


def write_texts(folder: Path, texts: Mapping[str, str]) -> list[str]:
    """Write the texts, each to its path below ``folder``, and return the paths."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [*texts]


@contextmanager
def _temporary(out: Path) -> Iterator[Path]:
    """Yield a temporary folder in ``out`` itself, so that a move never crosses file systems."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(prefix=".making-", dir=out)
    except OSError as error:
        raise InvalidFolder(
            f"Cannot write to {out}: {error}. To fix: pass another folder with --out."
        ) from None
    with temporary as folder:
        yield Path(folder)


def _move(origin: Path, target: Path, names: Sequence[str]) -> None:
    for name in names:
        if (origin / name).exists():
            (origin / name).replace(target / name)
