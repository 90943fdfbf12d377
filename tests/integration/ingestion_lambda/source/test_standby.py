"""A standby of the source is refused."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.server import Server, running
from ingestion_lambda.errors import SourceIsStandby
from lake import open_lake
from postgres import connected, from_dsn
from tests.conftest import UNSAFE_AND_FAST
from tests.integration.ingestion_lambda.conftest import Pipeline
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime


@pytest.fixture
def standby() -> Iterator[Server]:
    """A server in recovery, as a standby is that has replayed all WAL of its primary."""
    directory = Path(tempfile.mkdtemp(prefix="totesys-standby-"))
    try:
        with (
            running(directory, UNSAFE_AND_FAST) as primary,
            connected(from_dsn(primary.dsn()), "writer") as writer,
        ):
            Simulator(writer).create_schema()
        (directory / "data" / "standby.signal").touch()
        with running(directory, UNSAFE_AND_FAST) as server:
            yield server
    finally:
        shutil.rmtree(directory)


def test_standby_is_refused(standby: Server, tmp_path: Path):
    lake = open_lake(f"file://{tmp_path}/ingestion", f"file://{tmp_path}/processed")
    with pytest.raises(SourceIsStandby, match="give the primary's address"):
        Pipeline(from_dsn(standby.dsn()), lake, tmp_path).poll()
