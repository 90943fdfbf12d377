"""The scan finds secrets in files and in every earlier version of them."""

import subprocess
from pathlib import Path

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from secret_scan import KNOWN, main

KEY = "AKIA" + "ABCDEFGHIJKLMNOP"  # in two parts, or this file would not pass
LINE = f"key = {KEY}\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SAFETY_REQUIRED", raising=False)
    git("init", "--quiet", "--initial-branch=main")
    write(KNOWN, "")
    commit("begin")
    return folder


def git(*arguments: str) -> None:
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    command = ["git", *author, *arguments]
    subprocess.run(command, check=True, capture_output=True)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def commit(message: str) -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


def test_repository_without_a_secret_passes(repository: Path, capsys: pytest.CaptureFixture[str]):
    assert main() == 0
    assert "secrets: none" in capsys.readouterr().out


def test_secret_in_an_untracked_file_is_found(repository: Path, capsys: pytest.CaptureFixture[str]):
    write(Path("settings.ini"), f"\n{LINE}")
    assert main() == 1
    assert "settings.ini:2: AWS Access Key" in capsys.readouterr().out


def test_line_that_is_added_to_a_clean_file_is_found(repository: Path):
    write(Path("settings.ini"), "clean\n")
    assert main() == 0
    write(Path("settings.ini"), f"clean\n{LINE}")
    assert main() == 1
    assert main() == 1  # a file with a possible secret is scanned each time


def test_clean_file_is_not_scanned_again(repository: Path, monkeypatch: pytest.MonkeyPatch):
    write(Path("settings.ini"), "clean\n")
    assert main() == 0
    scanned = list[str]()
    monkeypatch.setattr(SecretsCollection, "scan_file", lambda _, file: scanned.append(file))
    write(Path("other.ini"), "clean\n")
    assert main() == 0
    assert scanned == ["other.ini"]


def test_secret_that_a_later_commit_removed_is_found(
    repository: Path, capsys: pytest.CaptureFixture[str]
):
    write(Path("settings.ini"), LINE)
    commit("by mistake")
    Path("settings.ini").unlink()
    commit("oh no")
    assert main() == 1
    assert "settings.ini in commit " in capsys.readouterr().out


def test_secret_on_another_branch_is_found(repository: Path):
    git("checkout", "--quiet", "-b", "other")
    write(Path("a folder/settings.ini"), LINE)
    commit("by mistake")
    git("checkout", "--quiet", "main")
    assert main() == 1


def test_secret_that_came_with_a_merge_is_found(repository: Path):
    git("checkout", "--quiet", "-b", "other")
    write(Path("other.txt"), "")
    commit("other")
    git("checkout", "--quiet", "main")
    write(Path("main.txt"), "")
    commit("main")
    git("merge", "--no-commit", "other")
    write(Path("settings.ini"), LINE)
    commit("merge")
    Path("settings.ini").unlink()
    commit("oh no")
    assert main() == 1


def test_secret_itself_is_not_printed(repository: Path, capsys: pytest.CaptureFixture[str]):
    write(Path("settings.ini"), LINE)
    main()
    assert KEY not in capsys.readouterr().out


@pytest.mark.parametrize(("folder", "status"), [("tests/", 0), ("docs/", 1)])
def test_known_value_passes_only_where_it_is_known(repository: Path, folder: str, status: int):
    write(KNOWN, f'["tests/"]\n{KEY} = "an example"\n')
    write(Path(folder, "settings.ini"), LINE)
    assert main() == status


@pytest.mark.parametrize(("required", "status"), [("0", 0), ("1", 1)])
def test_shallow_clone_is_not_checked_and_fails_if_the_check_is_required(
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    required: str,
    status: int,
):
    write(Path("file"), "text")
    commit("once more")
    git("clone", "--quiet", "--depth=1", f"file://{repository}", "clone")
    monkeypatch.chdir(repository / "clone")
    monkeypatch.setenv("SAFETY_REQUIRED", required)
    assert main() == status
    assert "NOT CHECKED" in capsys.readouterr().out
