"""`python -m artifacts`: what it teaches, and what it refuses before it makes anything."""

import subprocess
import sys
from pathlib import Path

import pytest

from artifacts import command, tools
from artifacts.command import main
from artifacts.errors import InvalidBundle, ToolFailed
from artifacts.scripts import SCRIPTS, copy_scripts
from embedded.definition import read_workflow
from tests.certificates import Authority

ROOT = Path(__file__).parents[3]


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "artifacts", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """In the place of both packages, which take long: what would have been made."""
    made: list[Path] = []

    def lambda_zip(target: Path, *_: object) -> int:
        target.write_bytes(b"zip")
        made.append(target)
        return 3

    def glue_wheels(target: Path) -> list[str]:
        target.write_bytes(b"wheels")
        made.append(target)
        return ["ours.whl"]

    monkeypatch.setattr(command, "make_lambda_zip", lambda_zip)
    monkeypatch.setattr(command, "make_glue_wheels", glue_wheels)
    return made


def test_help_teaches_what_is_made_and_how():
    done = program("--help")
    assert done.returncode == 0
    for word in ("ingestion_lambda.zip", "platform.gluewheels.zip", "examples:", "--ca-bundle"):
        assert word in done.stdout


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_bundle_without_certificates_is_refused_before_anything_is_made(
    tmp_path: Path, text: str | None
):
    bundle = tmp_path / "ca.pem"
    if text:
        bundle.write_text(text)
    done = program("--out", str(tmp_path / "build"), "--ca-bundle", str(bundle))
    assert done.returncode == 2
    assert "cannot be read as certificates in PEM" in done.stderr
    assert not (tmp_path / "build").exists()


def test_sizes_and_digests_are_printed_and_progress_is_not_among_them(
    tmp_path: Path, made: list[Path], capsys: pytest.CaptureFixture[str]
):
    main(["--out", str(tmp_path)])
    told = capsys.readouterr()
    lines = [line.split() for line in told.out.splitlines()]
    assert [(len(digest), Path(path).parent) for digest, _, path in lines] == [
        *[(64, tmp_path)] * 2,
        *[(64, tmp_path / "scripts")] * 4,
    ]
    assert lines[0][1] == "3"
    assert "on aarch64" in told.err
    assert made == [tmp_path / "ingestion_lambda.zip", tmp_path / "platform.gluewheels.zip"]


def test_bundle_of_an_earlier_run_does_not_stay(tmp_path: Path, made: list[Path]):
    bundle = Authority().write(tmp_path / "given.pem")
    main(["--out", str(tmp_path / "build"), "--ca-bundle", str(bundle)])
    assert (tmp_path / "build" / "ca.pem").read_bytes() == bundle.read_bytes()
    main(["--out", str(tmp_path / "build")])
    assert not (tmp_path / "build" / "ca.pem").exists()


def test_bundle_that_is_no_file_names_it(tmp_path: Path):
    with pytest.raises(InvalidBundle, match="nowhere"):
        command.check_bundle(tmp_path / "nowhere")


def test_tool_that_fails_says_what_it_says(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ToolFailed, match=r"pip ended with status \d+.*\n.*no-such-command"):
        tools.pip("no-such-command")


def test_every_job_of_the_workflow_has_its_script_and_so_has_the_migration(tmp_path: Path):
    needed = ("name", "source", "ingestion", "processed", "generation", "warehouse", "schema")
    workflow = read_workflow(dict.fromkeys((*needed, "catalog"), "x"))
    scripts = {job.script for job in workflow.jobs.values()} | {"migrate_warehouse.py"}
    assert {path.name for path in copy_scripts(tmp_path)} == scripts
    assert len(SCRIPTS) == len(scripts)
