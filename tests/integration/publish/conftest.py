"""A lake to publish and to compact."""

from pathlib import Path

import pytest

from tests.published import LoggedLake


@pytest.fixture
def logged(tmp_path: Path) -> LoggedLake:
    """Return a lake without batches, in a folder whose name Spark and Iceberg would misread."""
    return LoggedLake(tmp_path / "a [lake] of {50} %3D")
