"""Jars for tests: what Glue adds to Spark, and Iceberg's Java library. Both lists are in
requirements/, and .ci/glue-jars fetches them."""

import subprocess
from functools import cache
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "glue-jars"
NOT_CHECKED = 3  # exit status


@cache
def _fetched(name: str) -> tuple[Path | None, str]:
    """Return the folder of the jars, or the reason why they are missing."""
    ran = subprocess.run([SCRIPT, name], capture_output=True, text=True, check=False)
    if ran.returncode == NOT_CHECKED:
        return None, ran.stdout.strip()
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}"
    return Path(ran.stdout.strip()), ""


def folder(name: str = "glue") -> Path | None:
    """Return the folder of the jars of a list; None if they cannot be fetched."""
    return _fetched(name)[0]


def require(name: str = "glue") -> Path:
    """Return the folder of the jars of a list. Skip the test if they cannot be fetched."""
    found, reason = _fetched(name)
    if found is None:
        pytest.skip(reason)
    return found
