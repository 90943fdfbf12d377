"""Which files of our packages are deployed."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from artifacts.tools import ROOT

SUFFIXES = (".py", ".toml", ".csv", ".sql", ".json")
"""Code and data; pyproject.toml says the same for the wheel. Whatever else lies in a package's
folder on the machine of whoever deploys, like a .env, stays there."""


def copy_package(name: str, tree: Path) -> None:
    """Copy the package's code and data to ``tree``, under its name."""
    shutil.copytree(ROOT / name, tree / name, ignore=_foreign)


def _foreign(folder: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if not _is_ours(Path(folder, name))]


def _is_ours(path: Path) -> bool:
    if path.name.startswith(".") or path.name == "__pycache__":
        return False
    return path.is_dir() or path.suffix in SUFFIXES
