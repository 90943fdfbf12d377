"""The deployed files of the packages: code and data, and no others."""

import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest

from artifacts import sources, tools
from artifacts.archive import files_under
from artifacts.lambda_zip import PACKAGES
from artifacts.sources import copy_package
from artifacts.tools import ROOT, build_wheel

STRAY = (
    ".env",
    ".hidden.py",
    ".ipynb_checkpoints/errors.py",
    "__pycache__/errors.py",
    "errors.py.orig",
    "id_rsa",
    "notes.txt",
)


@pytest.fixture
def with_strays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sources with stray files in each package."""
    root = tmp_path / "sources"
    for name in {*PACKAGES, "glue_jobs", "warehouse"}:
        copy = shutil.copytree(ROOT / name, root / name)
        for stray in STRAY:
            (copy / stray).parent.mkdir(exist_ok=True)
            (copy / stray).write_text("secret")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, root / name)
    monkeypatch.setattr(sources, "ROOT", root)
    monkeypatch.setattr(tools, "ROOT", root)
    return root


def own(name: str) -> set[str]:
    """Return the code and data of a package."""
    suffixes = {".py", ".toml", ".csv", ".sql", ".json"}
    return {
        f"{name}/{file}"
        for file, path in files_under(ROOT / name).items()
        if path.suffix in suffixes and not file.startswith(".")
    }


@pytest.mark.usefixtures("with_strays")
@pytest.mark.parametrize("name", PACKAGES)
def test_package_is_copied_with_its_data_and_without_strays(name: str, tmp_path: Path):
    copy_package(name, tmp_path / "tree")
    assert set(files_under(tmp_path / "tree")) == own(name)


@pytest.mark.usefixtures("with_strays")
def test_wheel_holds_the_packages_with_their_data_and_without_strays(tmp_path: Path):
    build_wheel(tmp_path / "wheels")
    [wheel] = (tmp_path / "wheels").iterdir()
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    packages = ("totesys", "contracts", "lake", "postgres", "glue_jobs", "warehouse")
    assert names == set[str]().union(*map(own, packages))
