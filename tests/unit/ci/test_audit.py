"""The audit of known vulnerabilities, with fake programs that answer like the real ones: found, not
found, or service not reachable. A check that did not run is not a pass."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[3] / ".ci" / "audit"
SAFETY = {  # what it answers, as a script; $6 is the file of its report
    "clean": 'echo \'{"report_meta": {"packages_found": 12}}\' >"$6"',
    "found": "echo CVE-2026-0001 in left-pad; exit 64",
    "silent": "echo cannot reach the service >&2; exit 1",
    "blind": 'echo \'{"report_meta": {"packages_found": 0}}\' >"$6"',
}
PIP_AUDIT = {  # ${9} is the file of its table
    "clean": ":",
    "found": 'echo CVE-2026-0002 in right-pad >"${9}"; exit 1',
    "silent": "echo cannot reach the service >&2; exit 1",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".ci").mkdir()
    shutil.copy(AUDIT, tmp_path / ".ci" / "audit")
    return tmp_path


def audit(clone: Path, safety: str, pip_audit: str, required: str = "") -> tuple[int, str]:
    """Return status and output of the audit with these answers of its programs."""
    for name, script in (("safety", SAFETY[safety]), ("pip-audit", PIP_AUDIT[pip_audit])):
        program = clone / ".venv" / "bin" / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "SAFETY_REQUIRED": required}
    done = subprocess.run(
        [".ci/audit", "requirements/dev.txt"],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_audit_without_findings_passes(clone: Path):
    status, output = audit(clone, "clean", "clean", required="1")
    assert status == 0
    assert output.splitlines() == [
        "safety: no known vulnerability in requirements/dev.txt",
        "pip-audit: no known vulnerability in requirements/dev.txt",
    ]


@pytest.mark.parametrize(
    ("answers", "vulnerability"),
    [(("found", "clean"), "CVE-2026-0001"), (("clean", "found"), "CVE-2026-0002")],
)
def test_finding_of_either_program_fails_and_is_printed(
    clone: Path, answers: tuple[str, str], vulnerability: str
):
    status, output = audit(clone, *answers)
    assert status == 1
    assert vulnerability in output


@pytest.mark.parametrize("answers", [("silent", "clean"), ("clean", "silent"), ("blind", "clean")])
def test_unreachable_service_is_reported_as_not_checked(clone: Path, answers: tuple[str, str]):
    status, output = audit(clone, *answers)
    assert status == 0
    assert output.count("NOT CHECKED: requirements/dev.txt by ") == 1
    assert output.count("no known vulnerability") == 1


@pytest.mark.parametrize("answers", [("silent", "clean"), ("clean", "silent"), ("blind", "clean")])
def test_unreachable_service_fails_if_the_check_is_required(clone: Path, answers: tuple[str, str]):
    status, output = audit(clone, *answers, required="1")
    assert status == 1
    assert "NOT CHECKED" in output
