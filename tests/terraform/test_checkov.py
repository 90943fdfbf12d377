import json
import os
import subprocess
from typing import Any

import pytest

from tests.cloud.terraform import ROOT

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
NO_REASON = {"", "No comment provided"}


@pytest.fixture(scope="module")
def report() -> Any:
    """Return the results of checkov for ``terraform/``, without its online service."""
    if not CHECKOV.exists():
        pytest.skip("checkov is not installed: `make test-cloud` installs it")
    completed = subprocess.run(
        [CHECKOV, "--directory", "terraform", "--output", "json"],
        cwd=ROOT,
        env=os.environ | {"LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(completed.stdout)["results"]


def test_checkov_parses_every_file_and_reports_no_failure(report):
    failures = [
        f"{check['check_id']} {check['check_name']}: {check['resource']} in {check['file_path']}"
        for check in report["failed_checks"]
    ]
    assert not failures, "\n".join(failures)
    assert not report["parsing_errors"], "checkov does not check files that it cannot parse"
    assert report["passed_checks"]


def test_every_suppression_has_a_reason(report):
    unexplained = {
        f"{check['check_id']}: {check['resource']}"
        for check in report["skipped_checks"]
        if check["check_result"].get("suppress_comment", "") in NO_REASON
    }
    assert not unexplained
