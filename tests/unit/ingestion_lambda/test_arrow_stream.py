"""Streams by which Arrow writes to files of Python."""

import resource
import signal
import tempfile
from collections.abc import Iterator

import pytest

from ingestion_lambda.arrow_stream import BUFFER, arrow_stream

pytestmark = pytest.mark.lambda_runtime

LIMIT = 100_000


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let the system write LIMIT bytes of a file and refuse more, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("size", [LIMIT + 1, BUFFER + 1])
def test_file_that_cannot_be_written_to_its_end_is_an_error(size: int):
    with (
        tempfile.TemporaryFile() as file,
        pytest.raises(OSError, match="File too large"),
        arrow_stream(file) as stream,
    ):
        stream.write(bytes(size))


def test_file_stays_open_with_all_bytes():
    with tempfile.TemporaryFile() as file:
        with arrow_stream(file) as stream:
            stream.write(bytes(BUFFER + 1))
        file.seek(0)
        assert file.read() == bytes(BUFFER + 1)
