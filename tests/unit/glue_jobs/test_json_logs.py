"""The log of a job has one JSON object per line."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from glue_jobs import json_logs


@pytest.fixture
def root_logger() -> Iterator[None]:
    """Restore the loggers after the test."""
    root, py4j = logging.getLogger(), logging.getLogger("py4j")
    state = root.handlers[:], root.level, py4j.level
    root.handlers.clear()  # or to_stdout would close them
    yield
    root.handlers[:], root.level, py4j.level = state


@pytest.mark.usefixtures("root_logger")
def test_line_has_every_key_of_extra(capsys: pytest.CaptureFixture[str]):
    json_logs.to_stdout()
    logging.getLogger("jobs").info("batch %s", "built", extra={"seq": 7, "at": logging})

    line = json.loads(capsys.readouterr().out)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "jobs",
        "message": "batch built",
        "seq": 7,
        "at": str(logging),
    }


def test_exception_is_part_of_its_line():
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("jobs", logging.ERROR, "", 1, "failed", None, sys.exc_info())

    (line,) = json_logs.JsonLines().format(record).splitlines()
    assert "ValueError: two\nlines" in json.loads(line)["exception"]
