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
    """What checkov says about ``terraform/``, without asking its makers' service for more."""
    if not CHECKOV.exists():
        pytest.skip("checkov is not installed: make test-cloud does it")
    done = subprocess.run(
        [CHECKOV, "--directory", "terraform", "--output", "json"],
        cwd=ROOT,
        env=os.environ | {"LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout)["results"]


def test_checkov_reads_every_file_and_finds_nothing(report):
    found = [
        f"{check['check_id']} {check['check_name']}: {check['resource']} in {check['file_path']}"
        for check in report["failed_checks"]
    ]
    assert not found, "\n".join(found)
    assert not report["parsing_errors"], "a file that checkov cannot read is a file not checked"
    assert report["passed_checks"]


def test_each_suppression_gives_its_reason(report):
    silent = {
        f"{check['check_id']}: {check['resource']}"
        for check in report["skipped_checks"]
        if check["check_result"].get("suppress_comment", "") in NO_REASON
    }
    assert not silent
