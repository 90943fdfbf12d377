"""`python -m artifacts`: its help, the input that it refuses, and how it replaces a build."""

import subprocess
import sys
from pathlib import Path

import pytest

from artifacts import command, tools
from artifacts.bundle import read_bundle
from artifacts.command import main
from artifacts.errors import InvalidBundle, InvalidFolder, ToolFailed
from artifacts.scripts import SCRIPTS, copy_scripts
from embedded.workflow_definition import read_workflow
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
def packages(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The packages that were built: small files replace the slow steps."""
    packages: list[Path] = []

    def lambda_zip(target: Path, _: object, bundle: bytes | None) -> int:
        target.write_bytes(b"zip" + (bundle or b""))
        packages.append(target)
        return 3

    def glue_wheels(*targets: Path) -> list[str]:
        for target in targets:
            target.write_bytes(b"wheels")
            packages.append(target)
        return ["project.whl"]

    def postgresql(module: str, _: str, folder: str) -> None:
        assert module == "artifacts.quicksight"
        Path(folder).mkdir()
        Path(folder, "sheets.json").write_text("[]")

    monkeypatch.setattr(command, "make_lambda_zip", lambda_zip)
    monkeypatch.setattr(command, "make_glue_wheels", glue_wheels)
    monkeypatch.setattr(command, "run_with_postgresql", postgresql)
    return packages


def test_help_lists_the_artifacts_and_shows_examples():
    done = program("--help")
    assert done.returncode == 0
    for word in ("ingestion_lambda.zip", "platform.gluewheels.zip", "examples:", "--ca-bundle"):
        assert word in done.stdout


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_bundle_without_certificates_is_refused_before_anything_is_built(
    tmp_path: Path, text: str | None
):
    bundle = tmp_path / "ca.pem"
    if text:
        bundle.write_text(text)
    done = program("--out", str(tmp_path / "build"), "--ca-bundle", str(bundle))
    assert done.returncode == 2
    assert "cannot be read as certificates in PEM format" in done.stderr
    assert not (tmp_path / "build").exists()


def test_sizes_and_digests_are_printed_to_stdout_and_progress_to_stderr(
    tmp_path: Path, packages: list[Path], capsys: pytest.CaptureFixture[str]
):
    main(["--out", str(tmp_path)])
    printed = capsys.readouterr()
    lines = [line.split() for line in printed.out.splitlines()]
    assert [(len(digest), Path(path).parent) for digest, _, path in lines] == [
        *[(64, tmp_path)] * 3,
        *[(64, tmp_path / "scripts")] * 6,
    ]
    assert lines[0][1] == "3"
    assert "on aarch64" in printed.err
    assert [path.name for path in packages] == [
        *("ingestion_lambda.zip", "platform.gluewheels.zip", "publish.gluewheels.zip")
    ]


def test_bundle_of_an_earlier_build_is_removed(tmp_path: Path, packages: list[Path]):
    bundle = Authority().write(tmp_path / "given.pem")
    main(["--out", str(tmp_path / "build"), "--ca-bundle", str(bundle)])
    assert (tmp_path / "build" / "ca.pem").read_bytes() == bundle.read_bytes()
    main(["--out", str(tmp_path / "build")])
    assert not (tmp_path / "build" / "ca.pem").exists()


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_failed_step_leaves_the_earlier_build_unchanged(
    tmp_path: Path, packages: list[Path], monkeypatch: pytest.MonkeyPatch
):
    bundle = Authority().write(tmp_path / "given.pem")
    out = tmp_path / "build"
    main(["--out", str(out), "--ca-bundle", str(bundle)])
    before = contents(out)

    def fails(*_: Path) -> list[str]:
        raise ToolFailed("no wheels today")

    monkeypatch.setattr(command, "make_glue_wheels", fails)
    with pytest.raises(ToolFailed):
        main(["--out", str(out)])
    assert contents(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["build", "given.pem"]


def test_files_of_an_earlier_build_are_removed_and_files_of_others_stay(
    tmp_path: Path, packages: list[Path]
):
    main(["--out", str(tmp_path)])
    fresh = contents(tmp_path)
    others = {"sbom.json": b"{}", "plan-dev.txt": b"no changes"}
    for name, body in {
        **others,
        "scripts/an_earlier_job.py": b"pass",
        "catalog/queries/former.sql": b"select 1",
    }.items():
        (tmp_path / name).write_bytes(body)
    main(["--out", str(tmp_path)])
    assert contents(tmp_path) == {**fresh, **others}


def test_bundle_of_the_earlier_build_can_be_passed_again(tmp_path: Path, packages: list[Path]):
    bundle = Authority().write(tmp_path / "ca.pem").read_bytes()
    main(["--out", str(tmp_path), "--ca-bundle", str(tmp_path / "ca.pem")])
    assert (tmp_path / "ca.pem").read_bytes() == bundle
    assert (tmp_path / "ingestion_lambda.zip").read_bytes() == b"zip" + bundle


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_folder_that_cannot_be_created_is_invalid_input(tmp_path: Path, out: str):
    (tmp_path / "file").write_text("a file")
    done = program("--out", str(tmp_path / out))
    assert done.returncode == InvalidFolder.exit_code == 2
    assert "Traceback" not in done.stderr
    assert "another folder" in done.stderr
    assert (tmp_path / "file").read_text() == "a file"


def test_missing_bundle_is_refused_by_name(tmp_path: Path):
    with pytest.raises(InvalidBundle, match="nowhere"):
        read_bundle(tmp_path / "nowhere")


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
def test_bundle_with_a_private_key_is_refused(tmp_path: Path, kind: str):
    bundle = Authority().write(tmp_path / "both.pem")
    key = f"-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n"
    bundle.write_bytes(bundle.read_bytes() + key.encode())
    with pytest.raises(InvalidBundle, match="private key"):
        read_bundle(bundle)


def test_failed_tool_is_reported_with_its_output(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ToolFailed, match=r"pip ended with status \d+.*\n.*no-such-command"):
        tools.pip("no-such-command")


def test_every_job_has_its_script(tmp_path: Path):
    needed = ("name", "source", "ingestion", "processed", "generation", "warehouse", "schema")
    workflow = read_workflow(dict.fromkeys((*needed, "catalog"), "x"))
    others = {"compact_lake.py", "migrate_warehouse.py", "update_warehouse.py"}
    scripts = {job.script for job in workflow.jobs.values()} | others
    assert {path.name for path in copy_scripts(tmp_path)} == scripts
    assert len(SCRIPTS) == len(scripts)
