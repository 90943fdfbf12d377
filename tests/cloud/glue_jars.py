"""The jars that Glue adds to Spark: requirements/glue.jars, fetched by .ci/glue-jars."""

import subprocess
from functools import cache
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "glue-jars"
NOT_CHECKED = 3  # exit status


@cache
def _fetched() -> tuple[Path | None, str]:
    """Return the folder of the jars, or the reason why they are missing."""
    ran = subprocess.run([SCRIPT], capture_output=True, text=True, check=False)
    if ran.returncode == NOT_CHECKED:
        return None, ran.stdout.strip()
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}"
    return Path(ran.stdout.strip()), ""


def folder() -> Path | None:
    """Return the folder of the jars; None if they cannot be fetched."""
    return _fetched()[0]


def require() -> None:
    """Skip the test if the jars cannot be fetched."""
    found, reason = _fetched()
    if found is None:
        pytest.skip(reason)
