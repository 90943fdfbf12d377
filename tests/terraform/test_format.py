import shutil
import subprocess

import pytest

from tests.cloud.terraform import ROOT


def test_the_code_has_terraforms_own_format():
    if not shutil.which("terraform"):
        pytest.skip("there is no terraform binary on this machine")
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-recursive", str(ROOT / "terraform")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
