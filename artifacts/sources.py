"""The source files of the packages that are deployed."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from artifacts.tools import ROOT

SUFFIXES = (".py", ".toml", ".csv", ".sql", ".json")
"""Code and data; pyproject.toml has the same list for the wheel. Any other file in a package's
folder, such as a .env, is not deployed."""


def copy_package(name: str, tree: Path) -> None:
    """Copy code and data of a package to ``tree``, under its name."""
    shutil.copytree(ROOT / name, tree / name, ignore=_excluded)


def _excluded(folder: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if not _is_source(Path(folder, name))]


def _is_source(path: Path) -> bool:
    if path.name.startswith(".") or path.name == "__pycache__":
        return False
    return path.is_dir() or path.suffix in SUFFIXES
