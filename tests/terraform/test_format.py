import shutil
import subprocess

import pytest

from tests.cloud.terraform import ROOT


def test_code_is_formatted_by_terraform_fmt():
    if not shutil.which("terraform"):
        pytest.skip("the terraform binary is not installed")
    completed = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-recursive", str(ROOT / "terraform")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
